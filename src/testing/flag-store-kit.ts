/** The conformance kit of flag stores: versions, refusals, history, notices, and names of any kind. Runs under any test runner. */
import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from 'node:assert'
import { isObject, type JsonObject } from '../core/json.ts'
import type { Target } from '../core/kind.ts'
import type { Check } from './kind-kit.ts'

/** A store of flags to be held to its port. */
export interface FlagStoreCase {
  /** Opens the store of this name, which holds no flag before the kit has written one: another name, another store. Whoever gives it closes it. */
  open(store: string): Promise<Target<'flags'>>
}

const flag: JsonObject = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', owner: 'ü' }
const off: JsonObject = { ...flag, state: 'DISABLED' }
const who = { by: 'ann', why: 'a trial' }

/** What people may call a flag, and what no store may take for something of the language, or of its own. */
const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'a.b/c',
  'say "hi"\\',
  'ü 漢字 🙂',
  "it's",
  '$1',
]

let count = 0

/** The checks of a store, for any test runner. */
export function flagStoreChecks(storeCase: FlagStoreCase): readonly Check[] {
  const twice = (body: (a: Target<'flags'>, b: Target<'flags'>) => Promise<void>) => async () => {
    const store = `kit-${process.pid}-${++count}`
    await body(await storeCase.open(store), await storeCase.open(store))
  }
  return [
    { name: 'gives every opening what was written, whole', run: twice(keeps) },
    { name: 'has another version after every change, and the same after none', run: twice(counts) },
    { name: 'refuses what was decided on another version', run: twice(refuses) },
    { name: 'loses no change of many writers that try again', run: twice(races) },
    { name: 'keeps who changed what, the latest first', run: twice(remembers) },
    { name: 'refuses what is no flag, and writes nothing', run: twice(judges) },
    { name: 'takes names of any kind', run: twice(calls) },
    { name: 'tells every opening that watches of a change', run: twice(tells) },
  ]
}

function flagsIn(document: JsonObject): JsonObject {
  return isObject(document['flags']) ? document['flags'] : {}
}

const change = async (store: Target<'flags'>, flags: { readonly [flag: string]: JsonObject | null }): Promise<string> =>
  store.write.change(flags, (await store.read.read()).version, who)

async function keeps(a: Target<'flags'>, b: Target<'flags'>): Promise<void> {
  deepStrictEqual(await a.observe(), { flags: {}, evaluators: {}, metadata: {} })
  await change(a, { zeta: flag, alpha: off })
  deepStrictEqual(flagsIn((await b.read.read()).document), { zeta: flag, alpha: off })
  deepStrictEqual(Object.keys((await b.observe()).flags), ['zeta', 'alpha'])
  await change(b, { zeta: off, beta: flag, alpha: null })
  deepStrictEqual((await a.observe()).flags, { zeta: off, beta: flag })
}

async function counts(a: Target<'flags'>, b: Target<'flags'>): Promise<void> {
  const seen = [await change(a, { zeta: flag })]
  strictEqual((await b.read.read()).version, seen[0])
  strictEqual(await change(b, { zeta: flag }), seen[0], 'the version after a change that changes nothing')
  strictEqual(await change(b, { absent: null }), seen[0], 'the version after nothing was taken away')
  // The same flags again, and yet not the same version.
  for (const next of [off, flag, off, flag]) seen.push(await change(b, { zeta: next }))
  strictEqual(new Set(seen).size, seen.length, `versions that never come back: ${seen.join(', ')}`)
}

async function refuses(a: Target<'flags'>, b: Target<'flags'>): Promise<void> {
  const { version } = await a.read.read()
  const both = await Promise.allSettled([
    a.write.change({ zeta: flag }, version, who),
    b.write.change({ zeta: off }, version, { by: 'bob', why: '' }),
  ])
  deepStrictEqual(both.map((each) => each.status).toSorted(), ['fulfilled', 'rejected'])
  await rejects(b.write.change({ late: flag }, version, who), { code: 'target.conflict' })
  strictEqual((await a.read.history()).length, 1)
  deepStrictEqual(Object.keys((await a.observe()).flags), ['zeta'])
}

async function races(a: Target<'flags'>, b: Target<'flags'>): Promise<void> {
  const all = Array.from({ length: 12 }, (_, at) => `flag-${String(at).padStart(2, '0')}`)
  const write = async (name: string, store: Target<'flags'>): Promise<void> => {
    for (;;) {
      const result = await change(store, { [name]: flag }).catch((error: { readonly code?: string }) => error)
      if (typeof result === 'string') return
      strictEqual(result.code, 'target.conflict')
    }
  }
  await Promise.all(all.map((name, at) => write(name, at % 2 === 0 ? a : b)))
  deepStrictEqual(Object.keys((await a.observe()).flags).toSorted(), all)
  strictEqual((await b.read.history()).length, all.length)
}

async function remembers(a: Target<'flags'>, b: Target<'flags'>): Promise<void> {
  deepStrictEqual(await a.read.history(), [])
  const first = await change(a, { zeta: flag })
  const before = Date.now()
  await b.write.change({ zeta: null, alpha: off }, first, { by: 'bob', why: 'gone' })
  const seen = await a.read.history()
  deepStrictEqual(
    seen
      .map(({ at: _at, ...each }) => each)
      .toSorted((one, other) => (one.by < other.by ? 1 : one.flag > other.flag ? -1 : 1)),
    [
      { by: 'bob', why: 'gone', flag: 'zeta', before: flag, after: null },
      { by: 'bob', why: 'gone', flag: 'alpha', before: null, after: off },
      { ...who, flag: 'zeta', before: null, after: flag },
    ],
  )
  deepStrictEqual(
    seen.map((each) => each.by),
    ['bob', 'bob', 'ann'],
  )
  ok(seen[0]!.at >= before && seen[0]!.at <= Date.now(), 'the time of a change')
  deepStrictEqual(
    (await b.read.history('zeta')).map((each) => each.by),
    ['bob', 'ann'],
  )
  deepStrictEqual(
    (await b.read.history('zeta', 1)).map((each) => each.by),
    ['bob'],
  )
  deepStrictEqual(await b.read.history('absent'), [])
}

async function judges(a: Target<'flags'>, b: Target<'flags'>): Promise<void> {
  const version = await change(a, { zeta: flag })
  const wrong = { state: 'ON', variants: { on: true } }
  await rejects(a.write.change({ alpha: flag, zeta: wrong }, version, who), { code: 'flags.invalid' })
  const { document, version: after } = await b.read.read()
  deepStrictEqual([flagsIn(document), after], [{ zeta: flag }, version])
  strictEqual((await b.read.history()).length, 1)
}

async function calls(a: Target<'flags'>, b: Target<'flags'>): Promise<void> {
  for (const name of names) await change(a, { [name]: flag })
  const seen = await b.observe()
  deepStrictEqual(Object.keys(seen.flags).toSorted(), names.toSorted())
  for (const name of names) {
    await change(b, { [name]: off })
    deepStrictEqual(Object.getOwnPropertyDescriptor((await a.observe()).flags, name)?.value, off, name)
    await change(a, { [name]: null })
    deepStrictEqual(
      (await b.read.history(name)).map(({ before, after }) => [before, after]),
      [
        [off, null],
        [flag, off],
        [null, flag],
      ],
      name,
    )
  }
  deepStrictEqual((await a.observe()).flags, {})
  notStrictEqual(Object.getPrototypeOf(seen.flags), flag)
}

/** Longer than any store takes. */
const patienceMs = 10_000

async function tells(a: Target<'flags'>, b: Target<'flags'>): Promise<void> {
  const stop = new AbortController()
  const heard = { a: 0, b: 0 }
  await a.read.watch(() => (heard.a += 1), stop.signal)
  await b.read.watch(() => (heard.b += 1), stop.signal)
  try {
    await change(a, { zeta: flag })
    const end = Date.now() + patienceMs
    while ((heard.a === 0 || heard.b === 0) && Date.now() < end) await new Promise((again) => setTimeout(again, 5))
    ok(heard.a > 0 && heard.b > 0, `heard in ${patienceMs} ms: ${JSON.stringify(heard)}`)
  } finally {
    stop.abort()
  }
}
