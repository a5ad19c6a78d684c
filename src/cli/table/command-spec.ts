/** What a command is, as data. */
import type { Door } from '../door.ts'

export interface OptionSpec {
  /** As commander reads it: `-y, --yes`, `--until <step>`. */
  readonly flags: string
  readonly says: string
  /** May be given several times. */
  readonly many?: boolean
}

export interface CommandSpec {
  /** The word and its arguments: `approve [step]`. */
  readonly usage: string
  readonly summary: string
  /** What else must be known, in a sentence or two. */
  readonly more?: string
  readonly options: readonly OptionSpec[]
  /** Each with what it does. */
  readonly examples: readonly (readonly [string, string])[]
  run(args: readonly (string | undefined)[], options: never, door: Door): Promise<number>
}
