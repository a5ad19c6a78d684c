/** Options that several commands share. */
import type { OptionSpec } from './command-spec.ts'

export const commonOptions: readonly OptionSpec[] = [
  { flags: '-f, --file <path>', says: 'the plan file (default: changeover.config.ts or changeover.yaml here)' },
  { flags: '--run <id>', says: 'the run that is meant (default: the one that is open, else the last)' },
  { flags: '--json', says: 'print JSON: one object a line, the last one sums up or holds the error' },
  { flags: '--no-color', says: 'no colours (as with NO_COLOR; FORCE_COLOR wants them also in a pipe)' },
]

export const yes = (what: string): OptionSpec => ({ flags: '-y, --yes', says: `${what} without asking` })
export const note: OptionSpec = { flags: '--note <text>', says: 'why; kept in the audit trail' }
export const until: OptionSpec = { flags: '--until <step>', says: 'pause after this step' }
export const wishes: readonly OptionSpec[] = [
  { flags: '--batch-size <n>', says: 'rows in a chunk; wins over the plan' },
  { flags: '--workers <n>', says: 'workers that share a step; wins over the plan' },
]
