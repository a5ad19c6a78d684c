/** What a command is, as data. */
import type { Door } from '../door.ts'

export interface OptionSpec {
  /** As commander reads it: `-y, --yes`, `--until <step>`. */
  readonly flags: string
  readonly says: string
  /** May be given several times. */
  readonly many?: boolean
  /** The verbs of the command that take it; all where none is named. With another one it is refused, not passed over. */
  readonly only?: readonly string[]
}

/** For help and reference: `set: true or false`. */
export function saysOf({ says, only }: OptionSpec): string {
  return only === undefined ? says : `${only.join(', ')}: ${says}`
}

export interface CommandSpec {
  /** The word and its arguments: `approve [step]`. */
  readonly usage: string
  readonly summary: string
  /** What else must be known, in a sentence or two. */
  readonly more?: string
  /** What may be the word behind the command, for shells that complete it: names, or a file. */
  readonly next?: readonly string[] | 'file'
  readonly options: readonly OptionSpec[]
  /** Each with what it does. */
  readonly examples: readonly (readonly [string, string])[]
  run(args: readonly (string | undefined)[], options: never, door: Door): Promise<number>
}
