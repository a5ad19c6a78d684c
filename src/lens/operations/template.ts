/** template: texts set into a pattern, and read out of it again. */
import { z } from 'zod'
import { open } from '../json-text.ts'
import { defineOperation, pathSchema } from '../operation.ts'
import { kindOf, parsePath, refuse } from '../path.ts'
import { call, drop, get, type Planned, put, type Rule } from '../program.ts'
import { betweenSql, surroundedSql, type Template } from '../sql/parts.ts'

const schema = z
  .strictObject({ op: z.literal('template'), to: pathSchema.min(1), template: z.string() })
  .refine((op) => readTemplate(op.template) !== undefined, {
    error:
      'a template holds at least one {field}, text between any two of them, each field once; "{{" and "}}" are braces',
  })
  .readonly()

function readTemplate(text: string): Template | undefined {
  const tokens = [...text.matchAll(/\{\{|\}\}|\{([^{}]+)\}|[^{}]+|[{}]/g)]
  const [literals, fields] = [[''], [] as string[]]
  for (const [token, field] of tokens) {
    if (token === '{' || token === '}') return undefined
    if (field !== undefined) {
      literals.push('')
      fields.push(field)
    } else literals[literals.length - 1] += token === '{{' || token === '}}' ? token.charAt(0) : token
  }
  const apart = literals.slice(1, -1).every((each) => each !== '')
  return fields.length > 0 && apart && new Set(fields).size === fields.length ? { literals, fields } : undefined
}

/** The texts between the literals, each as short as can be; undefined where the literals are not there. */
function partsOf({ literals, fields }: Template, text: string): readonly string[] | undefined {
  const [first, end] = [literals[0]!, literals.at(-1)!]
  if (!text.startsWith(first) || !text.endsWith(end) || text.length < first.length + end.length) return undefined
  const inside = text.slice(first.length, text.length - end.length)
  const parts: string[] = []
  let at = 0
  for (const literal of literals.slice(1, fields.length)) {
    const next = inside.indexOf(literal, at)
    if (next < 0) return undefined
    parts.push(inside.slice(at, next))
    at = next + literal.length
  }
  return [...parts, inside.slice(at)]
}

function filled(to: string, template: Template): Rule {
  return {
    name: 'template',
    js: (...values: readonly unknown[]) => {
      const texts = values.map(open)
      if (texts.every((each) => each === undefined)) return undefined
      if (texts.every((each) => each == null)) return null
      const wrong = texts.findIndex((each) => typeof each !== 'string')
      if (wrong >= 0) return refuse(template.fields[wrong]!, `${kindOf(texts[wrong])} where a text is needed`)
      const text = template.literals.reduce((made, literal, i) => made + String(texts[i - 1]) + literal)
      const read = template.fields.length === 1 ? texts : partsOf(template, text)
      return texts.every((each, i) => read?.[i] === each)
        ? text
        : refuse(to, 'a part holds the very text that stands between the parts')
    },
    sql: (values, misfit) => surroundedSql(template, values, misfit),
  }
}

function part(to: string, template: Template, index: number): Rule {
  return {
    name: 'template',
    js: (value: unknown) => {
      const text = open(value)
      if (text === undefined || text === null) return text
      if (typeof text !== 'string') return refuse(to, `${kindOf(text)} where a text is needed`)
      return (partsOf(template, text) ??
        refuse(to, `a text of ${text.length} characters that the template does not fit`))[index]
    },
    sql: ([value], misfit) => betweenSql(to, template, value!, misfit),
  }
}

/** `{ op: template, to: authorization, template: "Bearer {api_key}" }`: texts in a pattern. Renders as SQL with one field. */
export const template = defineOperation<z.infer<typeof schema>>({
  op: 'template',
  summary:
    'Texts are set into a pattern, which reads them out again on the way back; a text that could be read otherwise is refused.',
  laws: 'all four',
  sql: 'with one field',
  schema,
  example: {
    data: { op: 'template', to: 'authorization', template: 'Bearer {api_key}' },
    a: { api_key: 'k1' },
    b: { authorization: 'Bearer k1' },
  },
  plan: (op) => templating(op.to, readTemplate(op.template)!),
  describe: (op) => [`"${op.to}" is written as ${JSON.stringify(op.template)}`],
})

function templating(text: string, pattern: Template): Planned {
  const to = parsePath(text)
  const from = pattern.fields.map(parsePath)
  const elsewhere = from.filter((each) => each.join('/') !== to.join('/'))
  const order = from
    .map((path, i) => ({ path, i }))
    .sort((a, b) => Number(!elsewhere.includes(a.path)) - Number(!elsewhere.includes(b.path)))
  return {
    forward: [
      put(to, call(filled(text, pattern), ...from.map((each) => get(each)))),
      ...elsewhere.map((each) => drop(each)),
    ],
    backward: [
      ...order.map(({ path, i }) => put(path, call(part(text, pattern, i), get(to)))),
      ...(elsewhere.length === from.length ? [drop(to, to.length > 1)] : []),
    ],
  }
}
