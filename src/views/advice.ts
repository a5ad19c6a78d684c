/** What a run waits for, and the exact command to type next. Knows the commands' names, and nothing of how they work. */
import { next, type RunState, sealedBy, standing, turningBack } from '../core/run.ts'

export interface Advice {
  /** What is so, in a sentence; empty when nothing is waited for. */
  readonly waits: string
  /** Commands that fit now, the likeliest first, each with what it does. */
  readonly commands: readonly { readonly command: string; readonly does: string }[]
}

/** `options` follow every command: `-f other.yaml --run neonhub-1`. `runnerGone`: nobody drives the run. */
export function adviceFor(state: RunState, options = '', runnerGone = false): Advice {
  const tail = options === '' ? '' : ` ${options}`
  const say = (command: string, does: string) => ({ command: `changeover ${command}${tail}`, does })
  const rollback = sealedBy(state) ? [] : [say('rollback', 'turn everything back')]
  switch (standing(state, runnerGone)) {
    case 'awaiting-approval': {
      const task = next(state)
      const step = task.do === 'ask' ? task.step.plan : undefined
      const waits = `a person: "${step?.approval ?? ''}" (step "${step?.id ?? ''}")`
      return { waits, commands: [say(`approve ${step?.id ?? ''} --note "…"`, 'agree, and say why'), ...rollback] }
    }
    case 'paused':
      return { waits: `\`resume\`: ${state.paused ?? ''}`, commands: [say('resume', 'go on'), ...rollback] }
    case 'failed': {
      const failed = state.steps.find((step) => step.error)
      const meanwhile = state.stands === undefined ? '' : `; meanwhile ${state.stands}`
      const waits = `a person: step "${failed?.plan.id ?? ''}" failed: ${failed?.error?.message ?? ''}${meanwhile}`
      return { waits, commands: [say('resume', 'try that step again'), ...rollback] }
    }
    case 'interrupted': {
      const waits = '`resume`: its runner is gone, and nobody goes on with it'
      return { waits, commands: [say('resume', 'go on where it was interrupted'), ...rollback] }
    }
    case 'running':
    case 'turning-back':
      return { waits: '', commands: [say('status --watch', 'watch it'), say('pause', 'stop at the next boundary')] }
    case 'done': {
      const back = turningBack(state).length > 0 ? rollback : []
      return { waits: '', commands: [say('report --format html --out report.html', 'what happened'), ...back] }
    }
    case 'rolled-back': {
      const report = say('report --format html --out report.html', 'what happened')
      if (state.held === undefined || isOpenHanded(state)) return { waits: '', commands: [report] }
      const release = `release ${state.plan.name} --note "…"`
      return { waits: `\`release\`: ${state.held}`, commands: [say(release, 'let the plan be run again'), report] }
    }
    case 'aborted':
      return { waits: '', commands: [say('report --format html --out report.html', 'what happened')] }
  }
}

/** The plan says that nothing is held. */
function isOpenHanded(state: RunState): boolean {
  return (state.plan.asked as { readonly hold?: boolean }).hold === false
}
