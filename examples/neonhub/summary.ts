/** What `npm start` measured, and how it is told at the end. Measures nothing itself. */
import type { RunState } from 'changeover'

/** What the way back proved. Seconds; counts of requests and of rows looked up. */
export interface Back {
  readonly equal: boolean
  readonly seconds: number
  readonly writtenByV4: number
  readonly checked: number
}

/** What became of a fault that was asked for. `lastOnV4Ms`: from the failed gate to the last answer of v4 that a client got. */
export interface FaultCaught {
  readonly fault: string
  /** The guard that saw it; empty where none did. */
  readonly trigger: string
  readonly why: string
  readonly lastOnV4Ms: number | null
  readonly failedRequests: number
  readonly equal: boolean
  readonly checked: number
}

/** The object that `npm start -- --json` ends with. */
export interface Summary {
  readonly outcome: string
  readonly rows: number
  readonly rowsPerSecond: number
  readonly seconds: number
  readonly requests: { readonly served: number; readonly failed: number }
  readonly longestWritePauseMs: number
  readonly rolledBackEqual: boolean | null
  readonly rollback: Back | null
  /** Null unless a fault was asked for. */
  readonly caught: FaultCaught | null
}

/** What `changeover report --figures` takes. */
export function figuresOf({ requests, longestWritePauseMs }: Summary) {
  return { requests, longestWritePauseMs }
}

export interface Told {
  /** Messages that the team's hook got. */
  readonly messages: number
  /** Where the report is. */
  readonly report: string
}

export function summaryText(summary: Summary, state: RunState, { messages, report }: Told): string {
  const { requests, rollback, caught } = summary
  const applied = state.steps.filter((step) => step.status === 'applied').length
  const lines: readonly (readonly [string, string])[] = [
    ['rows transformed', `${count(summary.rows)} at ${count(summary.rowsPerSecond)} rows/s`],
    ['upgrade', `${summary.seconds} s under load`],
    ['requests', `${count(requests.served)} served, ${count(requests.failed)} failed`],
    ['longest write pause', `${summary.longestWritePauseMs} ms`],
    ...(rollback ? backLines(rollback) : []),
    ...(caught ? caughtLines(caught) : []),
    ['team', messages === 1 ? 'told once' : `told ${messages} times`],
    ['report', report],
  ]
  const head = caught
    ? `NeonHub runs v3.3: the fault "${caught.fault}" of v4 was caught, and undone without a person`
    : rollback
      ? 'NeonHub went from v3.3 to v4.0 and back'
      : `NeonHub runs v4.0: ${applied} of ${state.steps.length} steps; the others retire v3, and wait for a person`
  const foot =
    rollback || caught
      ? []
      : [
          '',
          'The example is taken down now, and its run with it: there is nothing left to resume. `npm start -- --rollback` goes on to',
          'turn it back, and proves it.',
        ]
  return ['', head, ...lines.map(([name, value]) => `  ${name.padEnd(20)} ${value}`), ...foot, ''].join('\n') + '\n'
}

function backLines(back: Back): readonly (readonly [string, string])[] {
  return [
    ['rollback', `${Math.round(back.seconds * 10) / 10} s, after ${count(back.writtenByV4)} requests through v4`],
    [
      'acknowledged writes',
      `${count(back.checked)} looked up in v3's shape: ${back.equal ? 'all there' : 'SEE ABOVE'}`,
    ],
    ['everything else', back.equal ? 'equal to what it was' : 'NOT EQUAL, see above'],
  ]
}

function caughtLines(caught: FaultCaught): readonly (readonly [string, string])[] {
  const last = caught.lastOnV4Ms === null ? 'not known' : `${caught.lastOnV4Ms} ms after the trigger failed`
  return [
    ['trigger', caught.trigger === '' ? 'NONE' : `${caught.trigger}: ${caught.why}`],
    ['last answer of v4', last],
    [
      'acknowledged writes',
      `${count(caught.checked)} looked up in v3's shape: ${caught.equal ? 'all there' : 'SEE ABOVE'}`,
    ],
    ['everything else', caught.equal ? 'equal to what it was' : 'NOT EQUAL, see above'],
  ]
}

function count(value: number): string {
  return value.toLocaleString('en')
}
