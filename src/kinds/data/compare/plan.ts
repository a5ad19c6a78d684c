/** Plans a comparison from facts: which tables, relations and rules, and what cannot be compared. Pure. */
import { declaredRelation, type Look, type Relation } from '../../../compare/index.ts'
import { suggestion } from '../../../core/errors.ts'
import { block, type Finding, risk } from '../../../core/finding.ts'
import type { Draft, Site } from '../../../core/kind.ts'
import type { Catalog } from '../../../core/ports/index.ts'
import { called, type KeyColumn, postgresWriter } from '../../../rows/index.ts'
import { keyColumns, lensColumns, plainColumns } from './columns.ts'
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
    from.key.map((name) => called(asked.key, name)),
    same,
  )
  const named = asked.lens === undefined ? plainColumns(asked, from, to) : lensColumns(asked, target, from, to)
  const findings = [
    ...from.key
      .filter((name) => !Object.hasOwn(to.columns, called(asked.key, name)))
      .map((name) =>
        block(
          'compare.no-column',
          `"${target}" has no column "${called(asked.key, name)}", the key of "${source}"`,
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
