/** The three ways back of the guide, after the rollout: at once, in stages, and down to v1. Each by the command that a person would type. */
import { join } from 'node:path'
import type { Command } from '../stage/command.ts'
import { openCommand } from '../stage/command.ts'
import { lossesOf } from './losses.ts'
import type { Site } from './site.ts'
import { untilPlain } from './watch.ts'

export const rollbacks = {
  emergency: 'every flag off at once: v3 binaries in v1-compatible mode',
  gradual: 'every flag down in stages, with waits and gates between',
  full: 'v3 states exported and taken down, v1 binaries on every node',
} as const
export type Rollback = keyof typeof rollbacks

export interface WayBack {
  readonly undoneMs: number | null
  /** What a downgrade would have lost, before it was settled. */
  readonly refusals: readonly string[]
}
interface Place {
  readonly site: Site
  readonly command: Command
  readonly env: NodeJS.ProcessEnv
  readonly out: 'inherit' | 2
}

export function goBack(how: Rollback, place: Place): Promise<WayBack> {
  if (how === 'emergency') return emergency(place)
  return how === 'gradual' ? gradual(place) : full(place)
}

async function emergency({ site, command }: Place): Promise<WayBack> {
  const began = Date.now()
  await must(command.run('flags', 'disable-all', '--target', 'flags', '--note', 'emergency: everything off'))
  return { undoneMs: (await untilPlain(site)) - began, refusals: [] }
}

/** A plan of its own, so that each stage has its wait and its gate. */
async function gradual({ site, env, out }: Place): Promise<WayBack> {
  const began = Date.now()
  const plan = join(import.meta.dirname, 'gradual.config.ts')
  const command = openCommand({ home: site.home, env, out, plan })
  await must(command.run('run', '--yes'))
  return { undoneMs: (await untilPlain(site)) - began, refusals: [] }
}

/** What v1 could not hold is asked first and said; the run's own way back settles each node before it is taken down. */
async function full({ site, command }: Place): Promise<WayBack> {
  const refusals = await lossesOf(site.nodes)
  const began = Date.now()
  const turning = command.run('rollback', '--yes', '--note', 'full downgrade to v1')
  const undoneMs = (await untilPlain(site)) - began
  const code = await turning
  if (code !== 5) throw new Error(`changeover rollback ended with ${code}`)
  return { undoneMs, refusals }
}

async function must(running: Promise<number>): Promise<void> {
  const code = await running
  if (code !== 0) throw new Error(`changeover ended with ${code}`)
}
