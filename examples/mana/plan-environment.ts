/** What the plan of this example takes from its environment: where this Mana is. Knows no step. */
import { environments } from './service-words.ts'
import { ownedBy } from '../stage/owner.ts'
import type { Mana } from './system.ts'

/** How the run is paced: how many times shorter the guide's waits are, and what `figures` measures with. */
export interface Pace {
  readonly compress: number
  readonly figures: readonly string[]
}

/** `hook` is where messages to the team go. */
export function planEnvironment(mana: Mana, hook: string, pace: Pace): Readonly<Record<string, string>> {
  const nodes = environments.flatMap((environment) => [
    [`MANA_${environment.toUpperCase()}_PORT`, String(mana.ports[environment])],
    [`MANA_${environment.toUpperCase()}_FAULT`, environment === 'production' ? (mana.fault ?? 'none') : 'none'],
  ])
  return {
    ...Object.fromEntries(nodes),
    MANA_HOME: mana.home,
    MANA_PROGRAMS: mana.programs,
    MANA_NODE: process.execPath,
    MANA_PEERS: mana.peers.join(),
    MANA_CLIENTS: `http://127.0.0.1:${mana.ports.clients}`,
    MANA_HOOK: hook,
    MANA_COMPRESS: String(pace.compress),
    MANA_FIGURES: pace.figures.join(' '),
    ...ownedBy(mana.owner),
  }
}
