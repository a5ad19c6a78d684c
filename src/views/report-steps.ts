/** The steps of a run in the HTML report: what was expected of each, and what was measured. */
import { type Html, html } from './html.ts'
import { numbers, table, tag } from './report-table.ts'
import type { Tone } from './report-words.ts'
import type { Report, StepReport } from './report.ts'
import { bytes, count, duration, percent, plural, rate } from './words.ts'

export function stepsSection(report: Report): Html {
  const rows = report.stages.flatMap((stage) => [
    html`<tr class="stage">
      <td colspan="6">${stage.name}</td>
    </tr> `,
    ...stage.steps.map(stepRow),
  ])
  return html`<section class="long">
    <h2>What was planned, and what was measured</h2>
    ${table(['Step', numbers('Expected'), numbers('Took'), numbers('Amount'), numbers('Rate'), 'Now'], rows, totalRow(report))}
  </section>`
}

/** What was expected is added up over the steps that something was expected of, beside what the same steps took. */
function totalRow(report: Report): Html {
  const steps = report.stages.flatMap((stage) => stage.steps)
  const guessed = steps.filter((step) => step.estimate?.seconds !== undefined && step.appliedMs !== undefined)
  const sum = guessed.reduce((all, step) => all + (step.estimate?.seconds ?? 0), 0)
  const same = guessed.reduce((all, step) => all + (step.appliedMs ?? 0), 0)
  const of =
    guessed.length === steps.length ? '' : `for ${plural(guessed.length, 'step')}, which took ${duration(same)}`
  const took = steps.reduce((all, step) => all + (step.appliedMs ?? 0), 0)
  const back = steps.reduce((all, step) => all + (step.undoneMs ?? 0), 0)
  return html`<tr>
    <td>Together</td>
    <td class="n">${sum === 0 ? '' : html`${duration(sum * 1000)}<small>${of}</small>`}</td>
    <td class="n">${duration(took)}${back === 0 ? undefined : html`<small>undone in ${duration(back)}</small>`}</td>
    <td colspan="3"></td>
  </tr>`
}

const statusTone: Readonly<Record<StepReport['status'], Tone>> = {
  waiting: '',
  applying: 'warn',
  applied: 'good',
  failed: 'bad',
  undoing: 'warn',
}

function stepRow(step: StepReport): Html {
  const ms = step.appliedMs
  const amount = step.amount === undefined ? '' : `${count(step.amount.done)} ${step.amount.unit}`
  // A rate of a handful says nothing.
  const perSecond =
    step.amount && step.amount.done >= 100 && ms ? rate(step.amount.done / (ms / 1000), step.amount.unit) : ''
  const undone = step.undoneMs === undefined ? undefined : html`<small>undone in ${duration(step.undoneMs)}</small>`
  const error = step.error === undefined ? undefined : html`<small class="bad">${step.error}</small>`
  const on = step.on === '' ? '' : ` on ${step.on}`
  return html`<tr>
    <td>
      ${step.title}<small><code>${step.kind}</code>${on}</small>${error}
    </td>
    <td class="n">${expected(step)}</td>
    <td class="n">${ms === undefined ? '' : duration(ms)}${undone}</td>
    <td class="n">${amount}</td>
    <td class="n">${perSecond}</td>
    <td class="now">${tag(statusNow(step), statusTone[step.status])}</td>
  </tr> `
}

function expected(step: StepReport): Html {
  const { seconds, rows, bytes: size } = step.estimate ?? {}
  const sizes = [...(rows === undefined ? [] : [`${count(rows)} rows`]), ...(size === undefined ? [] : [bytes(size)])]
  const off =
    seconds === undefined || !step.appliedMs || seconds === 0 ? undefined : step.appliedMs / 1000 / seconds - 1
  const gap = off === undefined ? [] : [`${off < 0 ? '−' : '+'}${percent(Math.abs(off))}`]
  const small = [...sizes, ...gap].join(' · ')
  return html`${seconds === undefined ? '' : duration(seconds * 1000)}${small === '' ? undefined : html`<small>${small}</small>`}`
}

function statusNow(step: StepReport): string {
  if (step.status !== 'waiting') return step.status
  return step.undoneMs === undefined ? 'not started' : 'undone'
}
