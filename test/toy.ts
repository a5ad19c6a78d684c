/** A system small enough to be killed at every call: a target that is a map, and kinds that change it. For tests of the engine. */
import { z } from 'zod'
import { ChangeoverError } from '../src/core/errors.ts'
import { block } from '../src/core/finding.ts'
import { unknown } from '../src/core/json.ts'
import { type AnyAdapter, type AnyKind, defineAdapter, defineKind, type Mark, type Writing } from '../src/core/kind.ts'
import type { FileFacts, FileReader, FileWriter } from '../src/core/ports/index.ts'
import { doomed, type Fate } from '../src/testing/crash.ts'

export type Disk = Map<string, string>

/** `files` targets on maps. A fate, when there is one, kills at its call. */
export function toyAdapter(disks: ReadonlyMap<string, Disk>, fate?: () => Fate | undefined): AnyAdapter {
  return defineAdapter({
    name: 'toy',
    port: 'files',
    summary: 'a map',
    shape: z.object({ disk: z.string() }),
    example: { disk: 'a' },
    tools: {},
    open: async ({ disk }) => {
      const map = disks.get(disk)
      if (!map) throw new ChangeoverError('target.unreachable', `no disk "${disk}"`, 'make one')
      const doom = fate?.()
      const port = portOf(map)
      return {
        identity: async () => disk,
        observe: async () => factsOf(map),
        read: port,
        write: doom ? doomed(port, doom) : port,
        fence: async () => undefined,
        close: async () => undefined,
      }
    },
  })
}

export function factsOf(map: Disk): FileFacts {
  return {
    files: Object.fromEntries(
      [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, text]) => [path, { digest: text, keys: [] }]),
    ),
  }
}

function portOf(map: Disk): FileWriter & FileReader {
  return {
    list: async () => [...map.keys()].sort(),
    read: async (path) => (map.has(path) ? Buffer.from(map.get(path) ?? '') : null),
    stream: () => {
      throw new Error('not asked for')
    },
    digest: async () => null,
    free: async () => 1,
    write: async (path, bytes) => void map.set(path, bytes.toString()),
    pour: async () => ({ sha256: '', bytes: 0 }),
    remove: async (path) => void map.delete(path),
  }
}

type PutWork = { readonly path: string; readonly text: string; readonly before: string | null }

/** Writes `text` to `path`, in `times` marks; remembers the old text in a file beside it until it is rolled back. */
const put = defineKind({
  name: 'toy.put',
  summary: 'writes a file',
  roles: { disk: 'files' },
  spec: z.object({
    path: z.string(),
    text: z.string(),
    times: z.number().default(3),
    refuse: z.boolean().default(false),
    forever: z.boolean().default(false),
  }),
  example: { path: 'a', text: 'b' },
  plan: (spec, site) => {
    const before = site.facts.disk.files[spec.path]?.digest ?? null
    const entry = { digest: spec.text, keys: [] }
    return {
      work: { ...spec, before },
      predicted: { disk: { files: { ...site.facts.disk.files, [spec.path]: entry } } },
      preview: [`write ${spec.path}`],
      undo: 'exact',
    }
  },
  check: async (work) => (work.refuse ? [block('toy.refused', `"${work.path}" is refused`, 'do not ask')] : []),
  apply: async function* (work, at, from) {
    for (let done = (from?.done ?? 0) + 1; done <= work.times || work.forever; done++) {
      if (work.forever) await at.clock.sleep(5, at.signal)
      await at.on.disk.write(work.path, Buffer.from(work.text))
      yield { at: { done }, done, of: work.times }
    }
  },
  rollback: async function* (work, at) {
    yield { at: {}, done: 0 }
    if (work.before === null) await at.on.disk.remove(work.path)
    else await at.on.disk.write(work.path, Buffer.from(work.before))
  },
})

/** As `toy.put`, with several taken back in one write, and never over what somebody else wrote. */
const turn = defineKind({
  ...put,
  name: 'toy.turn',
  apply: async function* (work, at) {
    yield { at: {} }
    await at.on.disk.write(work.path, Buffer.from(work.text))
  },
  rollback: async function* (work, at) {
    if (at.applied !== null) yield* turnTogether([work], at)
  },
  rollbackTogether: turnTogether,
})

async function* turnTogether(works: readonly PutWork[], at: Writing<{ disk: 'files' }>): AsyncGenerator<Mark> {
  const paths = new Set(works.map(({ path }) => path))
  for (const path of paths) {
    const own = works.filter((each) => each.path === path)
    const now = (await at.on.disk.read(path))?.toString() ?? null
    if (!own.some(({ before, text }) => now === before || now === text))
      throw new ChangeoverError('target.conflict', `${path} is "${now}"`, 'look')
    const before = own.at(-1)?.before ?? null
    if (before === now) continue
    if (before === null) await at.on.disk.remove(path)
    else await at.on.disk.write(path, Buffer.from(before))
  }
  yield { at: {} }
}

/** Ends a file with `tail`, and cannot say beforehand what that makes of it. */
const end = defineKind({
  name: 'toy.end',
  summary: 'writes the end of a file',
  roles: { disk: 'files' },
  spec: z.object({ path: z.string(), tail: z.string() }),
  example: { path: 'a', tail: 'b' },
  plan: (spec, site) => ({
    work: spec,
    predicted: { disk: { files: { ...site.facts.disk.files, [spec.path]: { digest: unknown, keys: [] } } } },
    preview: [`end ${spec.path}`],
    undo: 'exact',
  }),
  apply: async function* (work, at) {
    const text = String(await at.on.disk.read(work.path))
    if (!text.endsWith(work.tail)) await at.on.disk.write(work.path, Buffer.from(text + work.tail))
    yield { at: {} }
  },
  rollback: async function* (work, at) {
    const text = String(await at.on.disk.read(work.path))
    if (text.endsWith(work.tail)) await at.on.disk.write(work.path, Buffer.from(text.slice(0, -work.tail.length)))
    yield { at: {} }
  },
})

/** Passes while the file has the text, fails once it has not. */
const gate = defineKind({
  name: 'toy.gate',
  summary: 'looks at a file',
  roles: { disk: 'files' },
  gate: true,
  spec: z.object({ path: z.string(), text: z.string() }),
  example: { path: 'a', text: 'b' },
  plan: (spec) => ({ work: spec, predicted: {}, preview: [`${spec.path} is ${spec.text}`], undo: 'exact' }),
  apply: async function* (work, at) {
    await at.clock.sleep(5, at.signal)
    const text = String(await at.on.disk.read(work.path))
    if (text !== work.text)
      throw new ChangeoverError('gate.failed', `${work.path} is "${text}", not "${work.text}"`, 'mend it')
    yield { at: { text } }
  },
  rollback: async function* () {},
})

/** Cannot be turned back. */
const seal = defineKind({
  name: 'toy.seal',
  summary: 'is for good',
  roles: { disk: 'files' },
  spec: z.object({}),
  example: {},
  plan: () => ({ work: {}, predicted: {}, preview: ['for good'], undo: 'none' }),
  apply: async function* () {
    yield { at: {} }
  },
  rollback: async function* () {},
})

export const toyKinds: ReadonlyMap<string, AnyKind> = new Map(
  [put, turn, end, gate, seal].map((kind) => [kind.name, kind as AnyKind]),
)
