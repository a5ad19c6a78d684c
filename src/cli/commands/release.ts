/** `changeover release`: lets a plan be run again that a gate turned back. An event in each run that holds it; opens no target. */
import { ChangeoverError, suggestion } from '../../core/errors.ts'
import type { Journal } from '../../core/event.ts'
import { fold, type RunState } from '../../core/run.ts'
import { control, thisActor } from '../../engine/index.ts'
import type { Door } from '../door.ts'
import { openJournalFor } from '../journal.ts'
import { spelled } from '../spelled.ts'
import type { NoteOptions } from './control.ts'

export async function release(plan: string | undefined, options: NoteOptions, door: Door): Promise<number> {
  const why = options.note?.trim() ?? ''
  const command = spelled(`release ${plan ?? 'NAME'}`, { ...options, note: 'what was mended' })
  const help = `say why: \`${command}\``
  if (plan === undefined) throw new ChangeoverError('usage.invalid', 'a plan is released by its name', help)
  const journal = await openJournalFor(options, door)
  try {
    // The name first: a note for a plan that there is not would be written for nothing.
    const runs = await runsOf(journal, plan)
    if (why === '') throw new ChangeoverError('usage.invalid', 'a release needs a note', help)
    const holding = runs.filter(({ state }) => state.held !== undefined && state.outcome === 'rolled-back')
    // Of none that holds, the last one says that it does not.
    for (const { run } of holding.length > 0 ? holding : runs.slice(-1))
      await control({ journal, actor: thisActor() }, run, { do: 'release', why })
    const released = holding.map(({ run }) => run)
    if (door.json) door.out(`${JSON.stringify({ type: 'plan.released', plan, runs: released })}\n`)
    else door.out(`plan "${plan}" may be run again; it was held by ${released.join(', ')}\n`)
    return 0
  } finally {
    await journal.close()
  }
}

async function runsOf(
  journal: Journal,
  plan: string,
): Promise<readonly { readonly run: string; readonly state: RunState }[]> {
  const found: { readonly run: string; readonly state: RunState }[] = []
  const names = new Set<string>()
  for (const run of await journal.runs()) {
    const state = fold(await journal.read(run))
    if (state) names.add(state.plan.name)
    if (state?.plan.name === plan) found.push({ run, state })
  }
  if (found.length > 0) return found
  const message = `no plan "${plan}" was ever run here${suggestion(plan, names)}`
  throw new ChangeoverError('run.not-found', message, `plans that were: ${[...names].join(', ') || 'none'}`)
}
