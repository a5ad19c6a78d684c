import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equal, type Json } from '../core/json.ts'
import { type ConfigFormat, openConfig } from './index.ts'

const runs = 300
const word = fc.oneof(
  fc.constantFrom('a', 'b', 'on', 'null', '1', 'x y', 'a.b', 'ß', 'key: v', '# c', "it's", 'true'),
  fc.stringMatching(/^[a-z]{1,6}$/),
)
const text = fc.oneof(
  word,
  fc.constantFrom(
    '',
    ' lead',
    'a\nb\n',
    '${SECRET}',
    '0x1F',
    '1.50',
    '-',
    '"q"',
    "'",
    '\\n',
    '{',
    '[a]',
    '@at',
    '`',
    '1979-05-27',
    'a # b',
    '~',
    '=',
    '12:30:45',
    '\t',
  ),
)
const scalar: fc.Arbitrary<Json> = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(1.5))
const value: fc.Arbitrary<Json> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(word, scalar, { maxKeys: 3 }),
)
const line = fc.stringMatching(/^[ -~]{0,12}$/).filter((each) => each.trim() === each)

const arbitraries: Readonly<
  Record<
    ConfigFormat,
    { readonly seeds: readonly string[]; readonly key: fc.Arbitrary<string>; readonly value: fc.Arbitrary<Json> }
  >
> = {
  yaml: {
    seeds: [
      '',
      'a:\n- b: 1 # c\n  c: 2\n- x\n',
      'a: {b: 1, c: [1, 2]} # f\nb:\n    x: |\n        t\n    y: "q"\n',
      '# only\n',
      'b:\na: ~\n',
      '---\na: 1\n...\n',
    ],
    key: word,
    value,
  },
  json: {
    seeds: [
      '{}',
      '{\n  "a": 1, // c\n  "b": {"x": [1,2]}\n}\n',
      '{"a":1,"b":[]}',
      '{\n\t"b": {\n\t}\n}',
      '{ "a": {"b": 1,}, }',
    ],
    key: word,
    value,
  },
  toml: {
    seeds: [
      '',
      'a.b = 1 # c\nb = { x = 1 }\n',
      '# h\n\n[a]\nb = 1\n\n# s\n[a.c] # t\nx = "1"\n',
      '[[b]]\nx = 1\n[[b]]\n',
      '[x.y]\nz = 1\n',
    ],
    key: word,
    value,
  },
  ini: {
    seeds: ['', 'a=1\n; c\n[b]\nx = 2 ; t\n', '[a]\n\n[a.b]\nx: "q"\n'],
    key: fc.stringMatching(/^[a-z][a-z0-9_-]{0,5}$/),
    value: line,
  },
  env: {
    seeds: ['', 'A=1 # c\nexport B="x"\n', "# h\nA='q'\n\n"],
    key: fc.stringMatching(/^[A-Z_]{1,4}$/),
    value: line,
  },
}

/** Comments of a text, whatever the mark. */
function comments(of: string): readonly string[] {
  return [...of.matchAll(/(?:#|\/\/|;) ?[a-z]$/gm)].map((each) => each[0])
}

describe.each(Object.entries(arbitraries))('%s', (name, { seeds, key, value }) => {
  const format = name as ConfigFormat
  const path = fc.array(key, { minLength: 1, maxLength: format === 'env' ? 1 : format === 'ini' ? 2 : 3 })
  const start = fc
    .tuple(fc.constantFrom(...seeds), fc.boolean())
    .map(([seed, crlf]) => (crlf ? seed.replaceAll('\n', '\r\n') : seed))
  const refusedOr = (edit: () => void) => {
    try {
      edit()
    } catch (error) {
      expect(error).toMatchObject({ code: 'config.refused' })
    }
  }

  test('what was set is there, and setting it again changes no byte', () => {
    let refused = 0
    fc.assert(
      fc.property(start, fc.array(fc.tuple(path, value), { minLength: 1, maxLength: 4 }), (seed, edits) => {
        let opened = openConfig('x', seed, format)
        for (const [at, to] of edits) {
          refused++
          refusedOr(() => {
            const before = comments(opened.text())
            const there = opened.get(at)
            const next = opened.set(at, to)
            refused--
            expect(next.get(at)).toEqual(to)
            expect(next.set(at, to).text()).toBe(next.text())
            if (there === undefined) expect(comments(next.text())).toEqual(expect.arrayContaining([...before]))
            opened = next
          })
        }
      }),
      { numRuns: runs },
    )
    expect(refused / runs).toBeLessThan(0.1)
  })

  test('a rename keeps the value and all comments, and the way back gives the same value', () => {
    fc.assert(
      fc.property(start, path, path, value, (seed, from, to, put) => {
        refusedOr(() => {
          const opened = openConfig('x', seed, format).set(from, put)
          const moved = opened.rename(from, to)
          expect(moved.get(to)).toEqual(put)
          expect([...comments(moved.text())].sort()).toEqual([...comments(opened.text())].sort())
          const back = moved.rename(to, from)
          expect(back.get(from)).toEqual(put)
        })
      }),
      { numRuns: runs },
    )
  })

  test('what was set and then removed is gone', () => {
    fc.assert(
      fc.property(start, path, value, (seed, at, put) => {
        refusedOr(() => {
          const opened = openConfig('x', seed, format)
          const set = opened.set(at, put)
          const gone = set.remove(at)
          expect(gone.get(at)).toBeUndefined()
          if (opened.get([at[0]!]) === undefined && !equal(opened.value(), {}))
            expect(gone.remove([at[0]!]).value()).toEqual(opened.value())
        })
      }),
      { numRuns: runs },
    )
  })
})
