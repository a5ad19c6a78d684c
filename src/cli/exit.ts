/** Exit codes: a contract with scripts. Light: `status` loads it. */
import { phase, type RunState } from '../core/run.ts'

/** Every code with what it means. `changeover docs exit-codes` is made from this table. */
export const exitCodes = {
  done: { code: 0, means: 'Done: what was asked is so.' },
  error: { code: 1, means: 'An error: something is broken, or a step failed and a person decides what comes next.' },
  usage: {
    code: 2,
    means:
      'The command line is not right: an option, a flag, a setting or a store that there is not; or nobody could be asked and `--yes` was not given.',
  },
  blocked: { code: 3, means: 'Blocked by findings of level `block`; nothing was started.' },
  stale: { code: 4, means: 'The plan is stale: the plan file or a target changed after the plan was made.' },
  rolledBack: { code: 5, means: 'The run was rolled back: everything is as it was.' },
  waiting: { code: 6, means: 'The run waits for a person: it is paused, was stopped, or a step asks for approval.' },
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]['code']

/** What a command that drove a run ends with. A run that reached `until`, or its part or step on the way back, did what was asked. */
export function exitCodeOf(state: RunState, asked: 'forward' | 'part' = 'forward'): ExitCode {
  switch (phase(state)) {
    case 'done':
      return 0
    case 'rolled-back':
      return 5
    case 'aborted':
    case 'failed':
      return 1
    case 'paused':
      return untilReached(state) || (asked === 'part' && state.way === 'forward') ? 0 : 6
    default:
      return 6
  }
}

function untilReached(state: RunState): boolean {
  return state.steps.some((step) => step.plan.id === state.until && step.status === 'applied')
}

/** What an error with this code ends with. A setting that there is not was named on the command line, like a flag or a file that there is not. */
export function exitCodeOfError(code: string): ExitCode {
  if (code.startsWith('usage.') || code === 'settings.unknown') return 2
  if (code === 'run.blocked') return 3
  return code === 'plan.stale' ? 4 : 1
}
