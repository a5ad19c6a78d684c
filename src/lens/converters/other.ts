/** Booleans as words or numbers, and JSON inside a text. */
import { parseJson, stringifyJson } from '../json-text.ts'
import { kindOf, refuse } from '../path.ts'
import { sameValue } from '../same.ts'
import { tableSql } from '../sql/table.ts'
import type { Json } from '../../core/json.ts'
import type { Half } from '../remember.ts'
import type { Converter } from './converter.ts'

function two(path: string, pairs: readonly (readonly [Json, Json])[]): Half {
  const back = pairs.map(([from, to]) => [to, from] as const)
  return {
    js: (value) => {
      const found = pairs.find(([from]) => sameValue(from, value))
      return found ? found[1] : refuse(path, `${kindOf(value)} that is neither of the two`)
    },
    sql: tableSql(path, pairs, back, 'refuse'),
    merges: false,
  }
}

function booleans(
  name: string,
  summary: string,
  words: (options: { true?: string | undefined; false?: string | undefined }) => readonly [Json, Json],
): Converter {
  return {
    summary,
    make: (path, options) => {
      const [yes, no] = words(options)
      return { name, forward: two(path, [[true, yes], [false, no]]), backward: two(path, [[yes, true], [no, false]]) } // prettier-ignore
    },
  }
}

/** true ⇄ "true", or the words given: an enum of two. */
export const boolText = booleans(
  'bool-text',
  'a boolean and one of two words ("true" and "false", or the ones given)',
  (options) => [options.true ?? 'true', options.false ?? 'false'],
)

/** true ⇄ 1. */
export const boolNumber = booleans('bool-number', 'a boolean and 1 or 0', () => [1, 0])

/** A text that holds JSON ⇄ the value itself. The text's white space is kept only while it is remembered. */
export const textJson: Converter = {
  summary: 'a text that holds JSON, and the value itself',
  make: (path) => ({
    name: 'text-json',
    forward: {
      js: (value) => read(path, value),
      sql: 'a text that holds JSON is told apart by its white space, which jsonb does not keep',
      merges: true,
    },
    backward: { js: stringifyJson, sql: 'PostgreSQL and TypeScript space JSON differently', merges: false },
  }),
}

function read(path: string, value: unknown): unknown {
  if (typeof value !== 'string') return refuse(path, `${kindOf(value)} where a text that holds JSON is needed`)
  const parsed = attempt(value)
  if (parsed === undefined) return refuse(path, `a text of ${value.length} characters that is not JSON`)
  return parsed ?? refuse(path, 'a text that holds the JSON null, which comes back as no text at all')
}

function attempt(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
