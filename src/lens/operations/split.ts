/** split and join: one text, or several with a separator between. */
import { z } from 'zod'
import { open } from '../json-text.ts'
import { defineOperation, pathSchema } from '../operation.ts'
import { kindOf, parsePath, type Path, refuse } from '../path.ts'
import { call, drop, get, type Planned, put, reversed, type Rule, was } from '../program.ts'
import { joinSql, partSql, type Splitting } from '../sql/parts.ts'

const rule = z.enum(['first', 'last', 'refuse'])
const splitSchema = z
  .strictObject({
    op: z.literal('split'),
    from: pathSchema.min(1),
    to: z.array(pathSchema.min(1)).min(2).readonly(),
    separator: z.string().min(1),
    /** A text with more parts than fields: cut at the `first` separators (the rest goes to the last field), at the `last` ones, or `refuse`. */
    rule: rule.optional(),
  })
  .readonly()
const joinSchema = z
  .strictObject({
    op: z.literal('join'),
    from: z.array(pathSchema.min(1)).min(2).readonly(),
    to: pathSchema.min(1),
    separator: z.string().min(1),
    /** On the way back, as for `split`. */
    rule: rule.optional(),
  })
  .readonly()

/** Parts, null for the fields that got none. */
function partsOf(how: Splitting, value: unknown): readonly (string | null)[] {
  const text = open(value)
  if (text === null || text === undefined) return Array<null>(how.into).fill(null)
  if (typeof text !== 'string') return refuse(how.path, `${kindOf(text)} where a text is needed`)
  const parts = text.split(how.separator)
  const over = parts.length - how.into
  if (over <= 0) return [...parts, ...Array<null>(-over).fill(null)]
  if (how.rule === 'refuse') return refuse(how.path, `a text of ${parts.length} parts for ${how.into} fields`)
  const cut = how.rule === 'first' ? how.into - 1 : 0
  return [...parts.slice(0, cut), parts.slice(cut, cut + over + 1).join(how.separator), ...parts.slice(cut + over + 1)]
}

/** The texts there are, joined; null where there is none. */
function joined(how: Splitting, values: readonly unknown[]): string | null {
  const texts = values.map(open).filter((each) => each !== null && each !== undefined)
  const wrong = texts.find((each) => typeof each !== 'string')
  if (wrong !== undefined) return refuse(how.path, `${kindOf(wrong)} where a text is needed`)
  return texts.length === 0 ? null : (texts as unknown as readonly string[]).join(how.separator)
}

/** The part for one field; the parts that the other side holds stay while they make the same text. */
function part(how: Splitting, index: number): Rule {
  return {
    name: 'split',
    js: (value: unknown, ...held: readonly unknown[]) => {
      if (value === undefined) return undefined
      if (held.every((each) => each === undefined)) return partsOf(how, value)[index]
      const text = open(value)
      return text !== null && attempt(how, held) === text ? held[index] : partsOf(how, text)[index]
    },
    sql: ([value, ...held], misfit) => partSql(how, index, value!, held, misfit),
  }
}

function attempt(how: Splitting, held: readonly unknown[]): string | null | undefined {
  try {
    return joined(how, held)
  } catch {
    return undefined
  }
}

function whole(how: Splitting): Rule {
  return {
    name: 'join',
    js: (...values: readonly unknown[]) =>
      values.every((each) => each === undefined) ? undefined : joined(how, values),
    sql: (values, misfit) => joinSql(how, values, misfit),
  }
}

function splitting(from: Path, to: readonly Path[], how: Splitting): Planned {
  const inPlace = to.some((each) => each.join('/') === from.join('/'))
  const puts = to.map((path, i) => put(path, call(part(how, i), get(from), ...to.map((each) => was(each)))))
  const last = puts.filter((each) => each.edit === 'put' && each.at.join('/') === from.join('/'))
  return {
    forward: [...puts.filter((each) => !last.includes(each)), ...last, ...(inPlace ? [] : [drop(from)])],
    backward: [
      put(from, call(whole(how), ...to.map((each) => get(each)))),
      ...to.filter((each) => each.join('/') !== from.join('/')).map((each) => drop(each, each.length > 1)),
    ],
    lost: { backward: to.map((each) => (each.length === 1 ? each[0]! : `/${each.join('/')}`)) },
  }
}

const laws = '1, 2 and 4; parts stay as they are while they make the same text (so not 3), otherwise the rule cuts'

/** `{ op: split, from: name, to: [first, last], separator: " " }`: one text becomes several. Renders as SQL. */
export const split = defineOperation<z.infer<typeof splitSchema>>({
  op: 'split',
  summary: 'A text is cut at a separator into several fields; fields that get no part are null.',
  laws,
  sql: 'yes',
  schema: splitSchema,
  example: {
    data: { op: 'split', from: 'name', to: ['first', 'last'], separator: ' ' },
    a: { name: 'Ann Lee' },
    b: { first: 'Ann', last: 'Lee' },
  },
  plan: (op) =>
    splitting(parsePath(op.from), op.to.map(parsePath), {
      path: op.from,
      separator: op.separator,
      rule: op.rule ?? 'first',
      into: op.to.length,
    }),
  describe: (op) => [`"${op.from}" is split at "${op.separator}" into ${op.to.map((each) => `"${each}"`).join(', ')}`],
})

/** `{ op: join, from: [first, last], to: name, separator: " " }`: several texts become one. Renders as SQL. */
export const join = defineOperation<z.infer<typeof joinSchema>>({
  op: 'join',
  summary: 'Texts are joined with a separator; on the way back the text is cut again.',
  laws,
  sql: 'yes',
  schema: joinSchema,
  example: {
    data: { op: 'join', from: ['first', 'last'], to: 'name', separator: ' ' },
    a: { first: 'Ann', last: 'Lee' },
    b: { name: 'Ann Lee' },
  },
  plan: (op) =>
    reversed(
      splitting(parsePath(op.to), op.from.map(parsePath), {
        path: op.to,
        separator: op.separator,
        rule: op.rule ?? 'first',
        into: op.from.length,
      }),
    ),
  describe: (op) => [
    `${op.from.map((each) => `"${each}"`).join(', ')} are joined with "${op.separator}" to "${op.to}"`,
  ],
})
