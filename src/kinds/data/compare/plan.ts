/** Plans a comparison from facts: which columns stand side by side, and what cannot be compared. Pure. */
import { declaredRelation, type Look, type Relation } from '../../../compare/index.ts'
import { suggestion } from '../../../core/errors.ts'
import { block, type Finding, risk } from '../../../core/finding.ts'
import type { Draft, Site } from '../../../core/kind.ts'
import type { Catalog, TableFacts } from '../../../core/ports/index.ts'
import { type KeyColumn, postgresWriter } from '../../../rows/index.ts'
import { lensColumns as lensReads, lensWays } from '../mirror/lens.ts'
import type { CompareSpec, CompareWork, PairWork } from './spec.ts'

type Roles = { readonly source: 'database'; readonly target: 'database' }
type Asked = CompareSpec['tables'][number]
const { quote } = postgresWriter

export function draftCompare(spec: CompareSpec, site: Site<Roles>): Draft<Roles, CompareWork> {
  const same = site.targets.source === site.targets.target
  const planned = spec.tables.map((asked) => planPair(asked, site, same))
  const tables = planned.flatMap(({ pair }) => (pair === undefined ? [] : [pair]))
  const work: CompareWork = {
    same,
    tables,
    relations: relationsOf(spec, tables, site.facts.target),
    rules: spec.rules.map(({ name, sql, on }) => ({ name, sql: sql.replace(/;\s*$/, ''), on })),
    batchSize: spec.batchSize,
    most: spec.most,
    patienceMs: spec.patienceMs,
  }
  const empty =
    tables.length + work.relations.length + work.rules.length === 0 &&
    planned.every((each) => each.findings.length === 0)
  return {
    work,
    predicted: {},
    preview: preview(work, site),
    undo: 'exact',
    locks: tables.flatMap(({ source, target }) =>
      [...new Set([source, target])].map((object) => ({
        object,
        mode: 'ACCESS SHARE',
        holds: 'while a chunk is read',
      })),
    ),
    findings: [
      ...planned.flatMap((each) => each.findings),
      ...(empty
        ? [block('compare.nothing', 'there is nothing to compare', 'name `tables`, `relations` or `rules`')]
        : []),
    ],
  }
}

function planPair(
  asked: Asked,
  site: Site<Roles>,
  same: boolean,
): { readonly pair?: PairWork; readonly findings: readonly Finding[] } {
  const [source, target] = [asked.source, asked.target ?? asked.source]
  const from = site.facts.source.tables[source]
  // One table in one database: a lens then goes from columns to columns of the same row.
  const to = same && source === target ? from : site.facts.target.tables[target]
  if (from === undefined || to === undefined) {
    return { findings: [...missing(source, site.facts.source), ...missing(target, site.facts.target)] }
  }
  const key = keyColumns(from, from.key, same)
  const targetKey = keyColumns(
    to,
    from.key.map((name) => asked.key[name] ?? name),
    same,
  )
  const named = asked.lens === undefined ? plainColumns(asked, from, to) : lensColumns(asked, target, from, to)
  const findings = [
    ...from.key
      .filter((name) => !((asked.key[name] ?? name) in to.columns))
      .map((name) =>
        block(
          'compare.no-column',
          `"${target}" has no column "${asked.key[name] ?? name}", the key of "${source}"`,
          'say in `key` how it is called there',
        ),
      ),
    ...(key.length === 0
      ? [
          risk(
            'compare.no-key',
            `"${source}" has no primary key: it is compared as a whole, and rows cannot be named`,
            'give it a key',
          ),
        ]
      : []),
    ...named.findings,
  ]
  if (findings.some((each) => each.level === 'block')) return { findings }
  const joined =
    asked.lens === undefined
      ? ''
      : ` LEFT JOIN ${item(target, asked.where.target, 't')} ON ${key.map((column, at) => `s.${quote(column.name)} = t.${quote(targetKey[at]!.name)}`).join(' AND ')}`
  const cut =
    asked.where.source === undefined
      ? quote(...parts(source))
      : `(SELECT * FROM ${quote(...parts(source))} WHERE ${asked.where.source}) s`
  const look = (alias: 's' | 't', columns: readonly KeyColumn[], text: string, values: Look['columns']): Look => ({
    from: text,
    key: columns.map((column) => `${alias}.${quote(column.name)}`),
    columns: values,
  })
  const pair: PairWork = {
    source,
    target,
    key,
    targetKey,
    cut,
    left: look('s', key, `${item(source, asked.where.source, 's')}${joined}`, named.left),
    right: look('t', targetKey, item(target, asked.where.target, 't'), named.right),
    critical: asked.critical,
    tolerance: asked.tolerance,
    show: asked.show === true ? named.left.map((each) => each.name) : asked.show === false ? [] : asked.show,
  }
  return {
    pair,
    findings: [
      ...findings,
      ...asked.critical
        .filter((name) => !named.left.some((each) => each.name === name))
        .map((name) =>
          block('compare.no-column', `the critical field "${name}" is not compared`, 'name it in `columns`'),
        ),
    ],
  }
}

function parts(table: string): readonly string[] {
  const point = table.indexOf('.')
  return point < 0 ? [table] : [table.slice(0, point), table.slice(point + 1)]
}

function item(table: string, where: string | undefined, alias: string): string {
  const name = quote(...parts(table))
  return where === undefined ? `${name} ${alias}` : `(SELECT * FROM ${name} WHERE ${where}) ${alias}`
}

function missing(table: string, facts: Catalog): readonly Finding[] {
  if (table in facts.tables) return []
  return [
    block(
      'compare.no-table',
      `there is no table "${table}"${suggestion(table, Object.keys(facts.tables))}`,
      'mend its name',
    ),
  ]
}

const texts = /^(text|character|varchar|char|citext|name)/

/** Two databases may sort texts otherwise: there a key is cut by its bytes. */
function keyColumns(table: TableFacts, names: readonly string[], same: boolean): readonly KeyColumn[] {
  return names.map((name) => {
    const type = table.columns[name]?.type ?? 'text'
    return { name, type: !same && texts.test(type) && !type.includes(' COLLATE ') ? `${type} COLLATE "C"` : type }
  })
}

type Columns = {
  readonly left: Look['columns']
  readonly right: Look['columns']
  readonly findings: readonly Finding[]
}

/** A value is cast to the target's type: varchar against text, int against bigint are the same value. */
function plainColumns(asked: Asked, from: TableFacts, to: TableFacts): Columns {
  const both = Object.keys(from.columns).filter(
    (name) => name in to.columns && !from.key.includes(name) && !stored(from, name),
  )
  const names = asked.columns ?? both
  const absent = names.filter((name) => !(name in from.columns && name in to.columns))
  const there = names.filter((name) => !absent.includes(name))
  return {
    left: there.map((name) => ({ name, expression: `s.${quote(name)}::${to.columns[name]!.type}` })),
    right: there.map((name) => ({ name, expression: `t.${quote(name)}` })),
    findings: absent.map((name) =>
      block(
        'compare.no-column',
        `the column "${name}" is not on both sides`,
        'mend its name in `columns`, or give a lens',
      ),
    ),
  }
}

function stored(table: TableFacts, name: string): boolean {
  return / (STORED|VIRTUAL)$/.test(table.columns[name]?.generated ?? '')
}

function lensColumns(asked: Asked, target: string, from: TableFacts, to: TableFacts): Columns {
  const ways = lensWays(asked.lens!, from, to)
  if ('refused' in ways) {
    const message = `the lens from "${asked.source}" to "${target}" has no SQL: ${ways.refused}`
    return {
      left: [],
      right: [],
      findings: [
        block(
          'compare.lens',
          message,
          'the step that transforms checks such a lens itself; compare other columns here',
        ),
      ],
    }
  }
  // In one row the columns that the lens reads stand beside those it makes: they are no part of the new shape.
  const old = asked.source === target ? lensReads(asked.lens!, from).reads : []
  const mine = (column: string) =>
    column in to.columns && !old.includes(column) && (asked.columns?.includes(column) ?? true)
  const made = ways.write('s', 't').forward.filter(({ column }) => mine(column))
  return {
    left: made.map(({ column, expression }) => ({
      name: column,
      expression: `(${expression})::${to.columns[column]!.type}`,
    })),
    right: made.map(({ column }) => ({ name: column, expression: `t.${quote(column)}` })),
    findings: [],
  }
}

function relationsOf(spec: CompareSpec, tables: readonly PairWork[], facts: Catalog): readonly Relation[] {
  if (spec.relations === 'none') return []
  if (spec.relations !== 'declared') {
    return spec.relations.map((each) => ({
      name: `${each.table}(${each.columns.join(', ')})`,
      table: each.table,
      columns: each.columns,
      to: each.references,
      by: each.by,
    }))
  }
  return tables.flatMap(({ target }) =>
    Object.entries(facts.tables[target]?.constraints ?? {}).flatMap(
      ([name, definition]) => declaredRelation(name, target, definition) ?? [],
    ),
  )
}

function preview(work: CompareWork, site: Site<Roles>): readonly string[] {
  return [
    ...work.tables.map(
      (pair) =>
        `compare ${site.targets.source}:${pair.source} with ${site.targets.target}:${pair.target} by (${pair.key.map((each) => each.name).join(', ')}): ${pair.left.columns.map((each) => each.name).join(', ') || 'keys'}; ${pair.tolerance} rows may differ`,
    ),
    ...work.relations.map(
      (each) => `no orphans: ${each.table}(${each.columns.join(', ')}) → ${each.to}(${each.by.join(', ')})`,
    ),
    ...work.rules.map((each) => `no rows: ${each.name}: ${each.sql}`),
    ...(work.tables.length + work.relations.length + work.rules.length === 0 ? ['nothing'] : []),
  ]
}
