/** Opens the bench of the plan that a command means, with all kinds, adapters and recipes. Everything heavy is loaded here. */
import { builtinAdapters, builtinKinds, builtinRecipes } from '../builtin.ts'
import { type Bench, openBench, systemClock, thisActor } from '../engine/index.ts'
import { openPostgresJournal } from '../adapters/postgres/index.ts'
import type { Common, Door } from './door.ts'

export async function openBenchFor(common: Common, door: Door): Promise<Bench> {
  return openBench({
    ...(common.file === undefined ? {} : { file: common.file }),
    cwd: door.cwd,
    env: door.env,
    actor: thisActor(),
    clock: systemClock,
    kinds: builtinKinds,
    adapters: builtinAdapters,
    recipes: builtinRecipes,
    registry: new URL('../builtin-labour.js', import.meta.url).href,
    openTeamJournal: async (url, clock) => openPostgresJournal({ url, now: () => clock.now() }),
  })
}
