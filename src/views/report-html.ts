/** A run as one HTML file that a person would show to others: no script, no resource from elsewhere, every text escaped. */
import { type Html, html } from './html.ts'
import { leadOf, tilesOf, tone, type Tone } from './report-words.ts'
import type { Report, StepReport } from './report.ts'
import {
  auditSection,
  approvalSection,
  checklistSection,
  findingSection,
  listSection,
  riskSection,
} from './report-lists.ts'
import { reportStyle } from './report-style.ts'
import { phaseWords } from './status-text.ts'
import { timelineSvg } from './timeline-svg.ts'
import { bytes, count, duration, moment, percent, rate } from './words.ts'

export function reportHtml(report: Report): string {
  const title = `${report.name} ${report.from} → ${report.to}: ${phaseWords[report.phase]}`
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${{ html: reportStyle }}
        </style>
      </head>
      <body>
        <main>
          ${header(report)} ${tiles(report)} ${timelineSection(report)} ${criteriaSection(report)}
          ${stepsSection(report)} ${turnSection(report)} ${approvalSection(report)} ${findingSection(report)}
          ${riskSection(report)} ${listSection('The way back, as planned', report.wayBack)} ${checklistSection(report)}
          ${listSection('Communication', report.communication)} ${auditSection(report)}
          <footer>
            Made by changeover from the journal of run ${report.run}: ${count(report.events.length)} events, plan
            <code>${report.hash}</code>. All times are UTC.
          </footer>
        </main>
      </body>
    </html> `
  return page.html
}

function header(report: Report): Html {
  const opened = `${report.run} · opened ${moment(report.openedAt)} by ${report.openedBy}`
  return html`<header>
    <p class="over">${opened}</p>
    <h1>
      ${report.name} <span class="versions">${report.from} → ${report.to}</span>
      <span class="pill ${tone(report.phase)}">${phaseWords[report.phase]}</span>
    </h1>
    <p class="lead">${leadOf(report).replace(/(\d{4})-(\d\d)-(\d\d) /g, '$1\u2011$2\u2011$3\u00a0')}</p>
  </header>`
}

function tiles(report: Report): Html {
  const drawn = tilesOf(report).map(
    (tile) =>
      html`<div class="tile">
        <b class="${tile.tone}">${tile.value}</b
        ><span>${tile.label}</span>${tile.note === undefined ? undefined : html`<i>${tile.note}</i>`}
      </div> `,
  )
  return html`<div class="tiles">${drawn}</div>`
}

function timelineSection(report: Report): Html {
  if (report.spans.length === 0) return html``
  const seen = (label: string, name: string, there: boolean): Html =>
    there ? html`<span><i class="${name}"></i>${label}</span>` : html``
  const legend = [
    seen('applied', 'l-apply', true),
    seen(
      'undone',
      'l-rollback',
      report.spans.some((span) => span.verb === 'rollback'),
    ),
    seen(
      'failed',
      'l-failed',
      report.spans.some((span) => span.end === 'failed'),
    ),
    seen(
      'runner stopped',
      'l-stopped',
      report.spans.some((span) => span.end === 'stopped' && span.verb === 'apply'),
    ),
  ]
  const waits = report.idles.map(
    (idle) => html`<span><i class="l-idle"></i>${idle.why}, ${duration(idle.to - idle.from)} (not to scale)</span>`,
  )
  return html`<section>
    <h2>What happened when</h2>
    <div class="scroll">${timelineSvg(report)}</div>
    <div class="legend">${legend}${waits.slice(0, 6)}</div>
  </section>`
}

function criteriaSection(report: Report): Html {
  const criteria = report.figures.criteria ?? []
  if (criteria.length === 0) return html``
  // A gate says what it asked for and what it measured in one sentence.
  const apart = criteria.some((each) => each.wanted !== '')
  const rows = criteria.map(
    (each) =>
      html`<tr>
        <td>${each.name}${each.step === undefined ? undefined : html`<small>step ${each.step}</small>`}</td>
        ${apart ? html`<td>${each.wanted}</td>` : undefined}
        <td>${each.measured}</td>
        <td class="n">${metTags[each.met]}</td>
      </tr> `,
  )
  const met = criteria.filter((each) => each.met === 'yes').length
  return html`<section>
    <h2>Success criteria: ${met} of ${criteria.length} met</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Criterion</th>
            ${apart ? html`<th>Wanted</th>` : undefined}
            <th>Measured</th>
            <th></th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
        <tfoot>
          ${totalRow(report)}
        </tfoot>
      </table>
    </div>
  </section>`
}

const metTags = { yes: tag('met', 'good'), no: tag('not met', 'bad'), unknown: tag('not known', '') } as const

function tag(text: string, of: Tone): Html {
  return html`<span class="tag ${of}">${text}</span>`
}

function stepsSection(report: Report): Html {
  const rows = report.stages.flatMap((stage) => [
    html`<tr class="stage">
      <td colspan="6">${stage.name}</td>
    </tr> `,
    ...stage.steps.map(stepRow),
  ])
  return html`<section class="long">
    <h2>What was planned, and what was measured</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Step</th>
            <th class="n">Expected</th>
            <th class="n">Took</th>
            <th class="n">Amount</th>
            <th class="n">Rate</th>
            <th>Now</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`
}

/** What was expected is added up over the steps that something was expected of, and says so. */
function totalRow(report: Report): Html {
  const steps = report.stages.flatMap((stage) => stage.steps)
  const expectedOf = steps.flatMap((step) => step.estimate?.seconds ?? [])
  const sum = expectedOf.reduce((all, each) => all + each, 0)
  const of = expectedOf.length === steps.length ? '' : `of ${expectedOf.length} of ${steps.length} steps`
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

function turnSection(report: Report): Html {
  const turns = report.turns.map((turn) => {
    const scope =
      turn.part !== undefined
        ? `Part "${turn.part}" was turned back`
        : turn.to !== undefined
          ? `Turned back to "${turn.to}"`
          : 'Turned back'
    const rows = turn.undone.map(
      (each) =>
        html`<tr>
          <td>${each.step}</td>
          <td class="n">${duration(each.ms)}</td>
        </tr>`,
    )
    const total = turn.undone.reduce((sum, each) => sum + each.ms, 0)
    return html`<p><b>${scope}</b> at ${moment(turn.at)} by ${turn.by}: ${turn.why}</p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Undone, in this order (${duration(total)} of work)</th>
              <th class="n">Took</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>`
  })
  return turns.length === 0
    ? html``
    : html`<section>
        <h2>How it was turned back</h2>
        ${turns}
      </section>`
}
