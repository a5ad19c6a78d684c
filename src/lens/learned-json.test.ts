import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { JsonNumber, learningParser, parseSettled } from './index.ts'

/** As PostgreSQL writes a jsonb: a space after each colon and comma. */
function jsonbText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${jsonbText(each)}`)
    .join(', ')}}`
}

const odd = fc.constantFrom(
  '',
  ' ',
  '"',
  '\\',
  '\n',
  'é',
  '😀',
  '{',
  '}',
  '[',
  ', ',
  '": ',
  '__proto__',
  '1',
  'true',
  'a.b',
)
const key = fc.oneof(odd, fc.constantFrom('name', 'size', 'tags', 'at'))
const scalar = fc.oneof(
  odd,
  fc.constantFrom(null, true, false, 0, -1, 12, -12, 999_999_999_999_999, 1e15, 1.5, -0.25, 1e300),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !text.includes('\0')),
  fc.integer(),
)
const { document } = fc.letrec((tie) => ({
  document: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('document'), { maxLength: 3 }),
    fc.dictionary(key, tie('document'), { maxKeys: 4 }),
  ),
}))

describe('the parser that learns', () => {
  it('gives what the parser gives that knows all of JSON, whatever came before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(document, fc.constant({ name: 'a', size: 1, tags: ['x', { at: 2 }] })), {
          minLength: 2,
          maxLength: 12,
        }),
        (all) => {
          const read = learningParser(parseSettled)
          for (const text of all.map(jsonbText)) expect(read(text)).toStrictEqual(parseSettled(text))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('keeps the digits that a double would lose', () => {
    const read = learningParser(parseSettled)
    read('{"n": 1}')
    expect(read('{"n": 12345678901234567890}')).toStrictEqual({ n: new JsonNumber('12345678901234567890') })
    expect(read('{"n": 1.50}')).toStrictEqual({ n: new JsonNumber('1.50') })
    expect(read('{"n": 999999999999999}')).toStrictEqual({ n: 999_999_999_999_999 })
  })

  it('asks the other parser for the first text and for what is not as expected, and gives up where all differ', () => {
    const whole = vi.fn(parseSettled)
    const read = learningParser(whole)
    for (let n = 0; n < 100; n++) expect(read(`{"id": ${n}, "ok": true}`)).toStrictEqual({ id: n, ok: true })
    expect(whole).toHaveBeenCalledTimes(1)
    read('{"id": 1, "ok": "say \\"yes\\""}')
    read('{"id": 1, "more": null, "ok": true}')
    expect(whole).toHaveBeenCalledTimes(3)
    const unlike = learningParser(whole)
    for (let n = 0; n < 200; n++) unlike(`{"k${n}": ${n}}`)
    expect(whole).toHaveBeenCalledTimes(203)
  })
})
