/** Which version is on, kept in a file, and the gate that is shut for the moment of a change. Knows no HTTP. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export type Side = 'v3' | 'v4'

/** `heldMs` is how long new requests waited at most; `leftOnOldSide` are those that still end there. */
interface Turned {
  readonly to: Side
  readonly changed: boolean
  readonly heldMs: number
  readonly leftOnOldSide: number
}

export interface Switchboard {
  state(): { readonly to: Side; readonly turning: boolean; readonly inFlight: Readonly<Record<Side, number>> }
  /** Waits while the gate is shut, then runs on the side that is on. */
  through<T>(run: (side: Side) => Promise<T>): Promise<T>
  /** Null when it is turning already. The side on before ends what it has begun, for at most 2 s. */
  turn(to: Side): Promise<Turned | null>
}

const drainMs = 2_000

/** On v3 where there is no file yet. */
export function openSwitchboard(path: string): Switchboard {
  let side = load(path)
  let gate: Promise<void> | null = null
  const inFlight: Record<Side, number> = { v3: 0, v4: 0 }

  const turn = async (to: Side): Promise<Turned | null> => {
    if (gate) return null
    if (to === side) return { to, changed: false, heldMs: 0, leftOnOldSide: 0 }
    const from = side
    const began = performance.now()
    let open = (): void => undefined
    gate = new Promise((resolve) => (open = resolve))
    try {
      while (inFlight[from] > 0 && performance.now() - began < drainMs) await sleep(1)
      keep(path, to)
      side = to
    } finally {
      gate = null
      open()
    }
    return { to, changed: true, heldMs: performance.now() - began, leftOnOldSide: inFlight[from] }
  }
  return {
    turn,
    state: () => ({ to: side, turning: gate !== null, inFlight }),
    through: async (run) => {
      while (gate) await gate
      const to = side
      inFlight[to]++
      return run(to).finally(() => inFlight[to]--)
    },
  }
}

export function sideFrom(value: unknown): Side | null {
  return value === 'v3' || value === 'v4' ? value : null
}

function load(path: string): Side {
  try {
    const { to } = JSON.parse(readFileSync(path, 'utf8')) as { to?: unknown }
    const side = sideFrom(to)
    if (!side) throw new Error(`${path}: "to" must be "v3" or "v4"`)
    return side
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return 'v3'
    throw error
  }
}

function keep(path: string, to: Side): void {
  writeFileSync(`${path}.new`, JSON.stringify({ to }))
  renameSync(`${path}.new`, path)
}
