/** Everything that can happen to a run, and the journal's interface. Events are the only state there is. */
import type { Finding } from './finding.ts'
import type { Mark, Wishes } from './kind.ts'
import type { Change, Plan } from './plan.ts'

export type Verb = 'apply' | 'rollback'
export type Way = 'forward' | 'back'
/** How a run ended. */
export type Outcome = 'done' | 'rolled-back' | 'aborted'

/** Who did it: a person's account and the machine. `pid` and `token` tell two runners of one account apart. */
export interface Actor {
  readonly user: string
  readonly host: string
  readonly pid: number
  readonly token: string
}

export interface ErrorRecord {
  readonly code: string
  readonly message: string
  readonly help: string
}

/** What can happen to a run: an event before it has its number and its time. */
export type Happening =
  | {
      readonly type: 'run.opened'
      readonly plan: Plan
      readonly identities: { readonly [target: string]: string }
      readonly by: Actor
      readonly wishes: Wishes
      readonly until?: string
    }
  | { readonly type: 'run.claimed'; readonly by: Actor }
  | {
      readonly type: 'run.turned'
      readonly way: Way
      readonly why: string
      readonly by: Actor
      readonly to?: string
      readonly part?: string
      /** A gate or a guard turned the run back, and no person: its plan is held when it is rolled back. */
      readonly automatic?: true
    }
  | { readonly type: 'run.released'; readonly why: string; readonly by: Actor }
  | { readonly type: 'run.settled'; readonly why: string }
  | {
      readonly type: 'run.paused'
      readonly why: string
      readonly by: Actor
      /** What the failed step left in force, in words: it went back to what was good last, and its guards watch on there. */
      readonly stands?: string
    }
  | { readonly type: 'run.resumed'; readonly by: Actor; readonly until?: string; readonly wishes?: Wishes }
  | { readonly type: 'run.aborted'; readonly why: string; readonly by: Actor }
  | { readonly type: 'run.amended'; readonly plan: Plan; readonly by: Actor }
  | { readonly type: 'run.closed'; readonly outcome: Outcome }
  | { readonly type: 'step.started'; readonly step: string; readonly verb: Verb; readonly before: Change }
  | { readonly type: 'step.marked'; readonly step: string; readonly verb: Verb; readonly mark: Mark }
  | { readonly type: 'step.finished'; readonly step: string; readonly verb: Verb }
  | { readonly type: 'step.failed'; readonly step: string; readonly verb: Verb; readonly error: ErrorRecord }
  | { readonly type: 'finding.made'; readonly finding: Finding }
  | { readonly type: 'approval.asked'; readonly step: string; readonly ask: string }
  | {
      readonly type: 'approval.given'
      readonly step: string
      readonly by: Actor
      readonly note: string
      readonly plan: string
    }

/** `at` is ISO 8601 in UTC. `seq` counts from 1 within a run. */
export type Event = Happening & { readonly seq: number; readonly at: string }
export type EventType = Happening['type']

/** The run as a claim on it: held while the process lives, taken over when it does not. */
export interface Claim {
  /** Aborted when the claim is lost: another runner holds the run. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

/** Where the events of runs are kept, in order and for good. */
export interface Journal {
  /** Appends after event number `after`. Throws `journal.conflict` when `after` is not the last: that is the lock. Durable when it returns. */
  append(run: string, what: Happening, after: number): Promise<Event>
  /** Events with a number above `after`. Throws `journal.corrupt`. */
  read(run: string, after?: number): Promise<readonly Event[]>
  /** The same, and then each new one as it comes, until the signal is aborted. */
  tail(run: string, after: number, signal: AbortSignal): AsyncIterable<Event>
  /** The runs there are, oldest first. */
  runs(): Promise<readonly string[]>
  /** Becomes the runner. Throws `run.busy` when a live one holds the run; a dead one's claim is taken over. */
  claim(run: string, by: Actor): Promise<Claim>
  /** Whether a live runner holds the run. `here`: the name of this machine, whose processes can be looked for. */
  hasRunner(run: string, here: string): Promise<boolean>
  close(): Promise<void>
}
