/** The one error class and the one table of its codes. `docs/errors.md` is made from this table. */

/** Every code with what it means, in a sentence. Adding a code here and nowhere raising it fails the house test. */
export const errorCodes = {
  'plan.invalid': 'The plan file does not have the shape a plan must have.',
  'plan.not-found': 'No plan file was found where one was looked for.',
  'plan.unknown-kind': 'A step names a kind that does not exist.',
  'plan.unknown-target': 'A step names a target that the plan does not declare.',
  'plan.unknown-key': 'A key in the plan is not one that is known there.',
  'plan.unknown-step': 'A command or a step names a step that the plan does not have.',
  'plan.unknown-part': 'A command names a part that no step of the plan carries.',
  'plan.wrong-port': 'A step uses a target of another port than its kind needs in that role.',
  'plan.module': 'A function named as ./file.ts#name could not be loaded.',
  'plan.stale': 'The plan no longer fits: the plan file or the target changed after it was made.',
  'run.busy': 'Another runner holds this run.',
  'run.fenced': 'Another runner took this run over; this one must stop.',
  'run.not-found': 'There is no such run.',
  'run.closed': 'The run has ended; what was asked needs a run that goes on.',
  'run.blocked': 'A finding forbids to go on.',
  'run.held': 'A gate turned this plan back; a person must release it by name before it is run again.',
  'run.refused': 'What was asked does not fit the state the run is in.',
  'journal.conflict': 'An event was not appended, because another came first.',
  'journal.corrupt': 'A line of the journal is not what was written.',
  'journal.unwritable': 'The journal cannot be written.',
  'target.unreachable': 'A target does not answer.',
  'target.wrong': 'A target is not the one the run was started on.',
  'target.read-only': 'A target does not take writes.',
  'target.rights': 'The account used lacks a right on the target.',
  'target.conflict': 'A target was changed by somebody else since it was read.',
  'target.lock': 'A lock was not obtained in time.',
  'target.fenced': 'A newer runner works on this target; the write was refused.',
  'target.full': 'There is no room where a target is written.',
  'target.failed': 'A target refused or failed what it was asked.',
  'secret.missing': 'A secret that the plan names is not in the environment.',
  'lens.invalid': 'A lens is not well formed.',
  'lens.refused': 'A lens refuses a value.',
  'rows.rejected': 'More rows were refused than the plan tolerates.',
  'config.syntax': 'A configuration file cannot be read.',
  'config.refused': 'A configuration file cannot take an edit.',
  'flags.invalid': 'A flag file, a flag or a rollout does not have the shape it must have.',
  'settings.invalid': 'A settings file, a rule or a value does not have the shape it must have.',
  'settings.unknown': 'A setting is asked for that there is not.',
  'backup.full': 'There is not enough room for the backup.',
  'backup.damaged': 'A backup is not what its manifest says.',
  'service.unhealthy': 'A service did not become healthy in time.',
  'service.failed': 'A service could not be started or stopped.',
  'gate.failed': 'A gate judged fail.',
  'gate.undecided': 'A gate found neither good nor bad; a person must decide.',
  'router.invalid': 'A version router was given what it cannot route by.',
  'router.mismatched': 'Two versions of a module did not answer alike, and the router was told to raise that.',
  'router.moved': 'The state of a module changed while it was taken to another version; nothing was switched.',
  'usage.unknown': 'A word on the command line is not known.',
  'usage.invalid': 'An argument on the command line is not valid.',
} as const

/** A code of the table: what a program asks an error for. */
export type ErrorCode = keyof typeof errorCodes

/** What is so (`message`, names and values quoted), what to do next (`help`, a command where there is one). */
export class ChangeoverError extends Error {
  readonly code: ErrorCode
  readonly help: string
  readonly data: unknown

  constructor(code: ErrorCode, message: string, help: string, more: { cause?: unknown; data?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'ChangeoverError'
    this.code = code
    this.help = help
    this.data = more.data
  }
}

/** True for our error, also when it comes from a second copy of this package. */
export function isChangeoverError(error: unknown): error is ChangeoverError {
  return error instanceof Error && error.name === 'ChangeoverError' && 'code' in error && 'help' in error
}

/** Of several errors one: the code of the first, and a line of message and of help for each. Throws nothing where there is none. */
export function throwTogether(errors: readonly ChangeoverError[]): void {
  const [first] = errors
  if (first === undefined) return
  if (errors.length === 1) throw first
  const lines = (of: (error: ChangeoverError) => string): string => [...new Set(errors.map(of))].join('\n')
  throw new ChangeoverError(
    first.code,
    lines((each) => each.message),
    lines((each) => each.help),
  )
}

/** The name in `known` that a mistyped `word` most likely meant, if one is near enough. Damerau-Levenshtein, at most a third wrong. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const scored = [...known].map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
  const best = scored.sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))[0]
  return best && best.far <= Math.max(1, Math.floor(Math.max(word.length, best.name.length) / 3))
    ? best.name
    : undefined
}

function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)])
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, rows[i - 2]![j - 2]! + 1)
      rows[i]![j] = least
    }
  }
  return rows[a.length]![b.length]!
}

/** `; did you mean "x"?` or nothing. Ends the message of every unknown name. */
export function suggestion(word: string, known: Iterable<string>): string {
  const near = nearest(word, known)
  return near === undefined ? '' : `; did you mean "${near}"?`
}
