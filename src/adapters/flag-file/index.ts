/** The adapter `flag-file`: the flags port on a file in flagd's JSON or YAML. Every flagd and OpenFeature program can read the same file. */
import { basename, dirname, resolve } from 'node:path'
import { z } from 'zod'
import { block, type Finding } from '../../core/finding.ts'
import { defineAdapter, type Opener, type Target } from '../../core/kind.ts'
import type { FlagReader } from '../../core/ports/index.ts'
import { takesNewFiles } from '../../durable/index.ts'
import { factsOf } from '../../flags/index.ts'
import { openStore } from './store.ts'

const config = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      "The file in flagd's JSON, or the same in YAML (`.yaml`, `.yml`): absolute, or relative to the folder of the plan.",
    ),
})

export type FlagFileConfig = z.output<typeof config>

export const flagFile = defineAdapter<'flags', FlagFileConfig>({
  name: 'flag-file',
  port: 'flags',
  summary: "Feature flags in a file of flagd's JSON or YAML, with its history beside it.",
  shape: config,
  example: { path: './flags.json' },
  tools: {},
  open: async (given, who) => openTarget(given, who),
})

function openTarget(given: FlagFileConfig, who: Opener): Target<'flags'> {
  const path = resolve(who.base, given.path)
  const store = openStore(path, who.signal, () => Date.now())
  return {
    identity: async () => `flag-file:${await store.place()}`,
    observe: async () => factsOf((await store.read()).document),
    ready: async () => ready(path, await store.place()),
    read: store,
    write: store,
    // A change names the version it was decided on: an older runner that wakes is refused by that.
    fence: async () => undefined,
    close: async () => undefined,
  }
}

/** For a program that only asks: the flags of a file, relative to where it runs. */
export function readFlagFile(path: string, signal: AbortSignal): FlagReader {
  return openStore(resolve(path), signal, () => Date.now())
}

/** The file is replaced, so that the folder must take new files. */
async function ready(path: string, place: string): Promise<readonly Finding[]> {
  const folder = dirname(place)
  if (await takesNewFiles(folder)) return []
  const message = `the folder of flag file "${basename(path)}" takes no new files`
  return [block('flags.read-only', message, `give the account the right to write in "${folder}"`)]
}
