/** Programs run on SQL values instead of documents: the same edits, the same order, expressions as the result. */
import { planLens, recalling, type Step } from '../plan.ts'
import type { Direction, Edit, Program, Term, Test } from '../program.ts'
import { chooseColumn } from './compare.ts'
import { maybeAbsent, place, reach, toJson } from './forms.ts'
import { once as onceSql, quoteText } from './text.ts'
import { familyOf, typeName } from './column-types.ts'
import { type Held, type Memory, noMemory, remembered, rememberedRow } from './memory.ts'
import { absent, type Misfit, NoSql, type SqlValue } from './value.ts'

type Root = SqlValue

export interface RunOptions {
  readonly now: string
  /** `null` while memory is worked out: what does not fit there is no memory, and no reason to refuse the row. */
  readonly misfit?: Misfit
}

/** One direction of some steps. `onStep` hears which step is at work, so that a reason has a place. */
export function runChain(
  steps: readonly Step[],
  direction: Direction,
  root: Root,
  memory: Memory,
  options: RunOptions,
  onStep: (step: Step) => void = () => {},
): Root {
  const order = direction === 'forward' ? steps : steps.toReversed()
  return order.reduce((state, step, i) => {
    onStep(step)
    const recalled = once(() => recall(recalling(order, i, direction), direction, memory(), options))
    return runProgram(step[direction], direction, state, recalled, options)
  }, root)
}

/** What the other side holds, taken back through these later steps. */
function recall(later: readonly Step[], direction: Direction, held: Held, options: RunOptions): Held {
  if (held.root.form === 'absent') return held
  const opposite = direction === 'forward' ? 'backward' : 'forward'
  const root = later.reduceRight<Root>(
    (state, step) => runProgram(step[opposite], opposite, state, noMemory, { ...options, misfit: 'null' }),
    held.root,
  )
  return { ...held, root }
}

function once(make: Memory): Memory {
  let made: Held | undefined
  return () => (made ??= make())
}

function runProgram(program: Program, direction: Direction, root: Root, memory: Memory, options: RunOptions): Root {
  return program.reduce((state, edit) => runEdit(edit, direction, state, memory, options), root)
}

function runEdit(edit: Edit, direction: Direction, root: Root, memory: Memory, options: RunOptions): Root {
  switch (edit.edit) {
    case 'put':
      return place(root, edit.at, termSql(edit.value, root, memory, options), options.misfit)
    case 'drop':
      return dropSql(root, edit.at, edit.prune === true, memory)
    case 'only': {
      const fields = columnsOf(root)
      return { ...fields, fields: new Map([...fields.fields].filter(([name]) => edit.fields.includes(name))) }
    }
    case 'rest': {
      const [fields, held] = [columnsOf(root), rememberedRow(memory)]
      if (held.form !== 'object') return root
      return {
        ...fields,
        fields: new Map([...[...held.fields].filter(([name]) => !edit.fields.includes(name)), ...fields.fields]),
      }
    }
    case 'when':
      return whenSql(edit, direction, root, memory, options)
    case 'each':
      throw new NoSql('items of a list are paired by TypeScript')
    default:
      throw new NoSql(`"${edit.reference}" is TypeScript`)
  }
}

function columnsOf(root: Root): Extract<SqlValue, { form: 'object' }> {
  if (root.form === 'object' && root.base === undefined) return root
  throw new NoSql('fields are picked from a whole row only')
}

function termSql(term: Term, root: Root, memory: Memory, options: RunOptions): SqlValue {
  switch (term.term) {
    case 'get':
      return reach(root, term.path)
    case 'was':
      return remembered(memory, term.path)
    case 'constant':
      return { form: 'constant', value: term.value }
    case 'now':
      return { form: 'constant', value: options.now }
    case 'object': {
      const held = termSql(term.over, root, memory, options)
      const base = held.form === 'absent' ? undefined : held
      const fields = Object.entries(term.fields).map(
        ([key, each]) => [key, termSql(each, root, memory, options)] as const,
      )
      return { form: 'object', base, fields: new Map(fields), at: term.at }
    }
    case 'call': {
      if (typeof term.rule.sql === 'string') throw new NoSql(term.rule.sql)
      return term.rule.sql(
        term.of.map((each) => termSql(each, root, memory, options)),
        options.misfit ?? 'refuse',
      )
    }
  }
}

function dropSql(root: Root, at: readonly string[], prune: boolean, memory: Memory): Root {
  const before = reach(root, at)
  if (before.form === 'absent') return root
  const dropped = place(root, at, absent)
  if (!prune || at.length === 1) return dropped
  const around = at.slice(0, -1)
  const held = remembered(memory, around)
  const keep = held.form === 'absent' ? '' : ` AND jsonb_typeof(${toJson(held)}) IS DISTINCT FROM 'object'`
  const quick = keep === '' ? dropFromColumn(root, at) : undefined
  if (quick) return place(root, around, quick)
  const there = maybeAbsent(before) ? ` AND ${toJson(before)} IS NOT NULL` : ''
  const pruned = onceSql(
    toJson(reach(dropped, around), 'nullable'),
    (left) => `CASE WHEN ${left} = '{}'::jsonb${there}${keep} THEN NULL ELSE ${left} END`,
  )
  if (around.length > 1) throw new NoSql('objects inside of objects are tidied away by TypeScript')
  return place(root, around, overColumn(reach(root, around), pruned))
}

/** A value in the place of another: of a column still one, in which NULL and a JSON null that stood there are two things. */
function overColumn(before: Root, sql: string): SqlValue {
  let below: Root | undefined = before
  while (below?.form === 'object') below = below.base
  if (below?.form !== 'column') return { form: 'json', sql }
  return { form: 'column', type: 'jsonb', sql, from: toJson(before, 'nullable') }
}

/** A field of a jsonb column, and the column where it is empty then; several drops in a row are one. */
function dropFromColumn(root: Root, at: readonly string[]): SqlValue | undefined {
  const [column, key, ...deeper] = at
  const held = reach(root, [column!])
  if (deeper.length > 0 || held.form !== 'column' || typeName(held.type) !== 'jsonb') return undefined
  const { from, keys } = held.dropped ?? { from: held.sql, keys: [] }
  const all = [...keys, key!]
  if (from.length > 160) return undefined
  const list = `ARRAY[${all.map(quoteText).join(', ')}]::text[]`
  return {
    form: 'column',
    type: 'jsonb',
    sql: `CASE WHEN jsonb_typeof(${from}) = 'object' AND ${from} ?| ${list} THEN NULLIF(${from} - ${list}, '{}'::jsonb) ELSE ${from} END`,
    dropped: { from, keys: all },
    from,
  }
}

function whenSql(
  edit: Extract<Edit, { edit: 'when' }>,
  direction: Direction,
  root: Root,
  memory: Memory,
  options: RunOptions,
): Root {
  const here = columnsOf(root)
  const test = testSql(edit.test, root)
  const branch = (yes: boolean) => {
    const mine = (which: string) => (yes ? which : `(NOT ${which})`)
    const recalled = (): Held => {
      const { root: held, tests } = memory()
      return held.form === 'absent'
        ? { root: held, tests }
        : { root: held, tests: [...tests, mine(testSql(edit.there, held))] }
    }
    const steps = planLens(yes ? edit.matched : edit.otherwise)
    return columnsOf(runChain(steps, direction, here, once(recalled), options))
  }
  const [then, otherwise] = [branch(true), branch(false)]
  const names = [...new Set([...then.fields.keys(), ...otherwise.fields.keys()])]
  const fields = names.map((name): [string, SqlValue] => {
    const [a, b] = [then.fields.get(name) ?? absent, otherwise.fields.get(name) ?? absent]
    return [name, a === b ? a : chooseColumn(test, a, b)]
  })
  return { ...here, fields: new Map(fields) }
}

/** Never NULL. */
function testSql(test: Test, root: Root): string {
  const value = reach(root, test.path)
  const json = toJson(value)
  if (!test.in) {
    const there = `(COALESCE(${json}, 'null'::jsonb) <> 'null'::jsonb)`
    return test.exists === false ? `(NOT ${there})` : there
  }
  const texts = test.in.every((each) => typeof each === 'string')
  if (
    texts &&
    value.form === 'column' &&
    familyOf(value.type) === 'text' &&
    /^(?:text|character varying|varchar)/i.test(value.type)
  ) {
    return `(COALESCE(${value.sql} IN (${test.in.map((each) => quoteText(String(each))).join(', ')}), false))`
  }
  const values = test.in.map((each) => `${quoteText(JSON.stringify(each))}::jsonb`)
  return `(COALESCE(${json}, 'null'::jsonb) IN (${values.join(', ')}))`
}
