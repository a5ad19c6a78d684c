/** A run as one HTML file that a person would show to others: no script, no resource from elsewhere, every text escaped. */
import { type Html, html } from './html.ts'
import { stepsSection } from './report-steps.ts'
import { numbers, table, tag } from './report-table.ts'
import { leadOf, tilesOf, tone } from './report-words.ts'
import type { Report } from './report.ts'
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
import { count, duration, moment } from './words.ts'

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
    ${table(['Criterion', ...(apart ? ['Wanted'] : []), 'Measured', ''], rows)}
  </section>`
}

const metTags = { yes: tag('met', 'good'), no: tag('not met', 'bad'), unknown: tag('not known', '') } as const

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
      ${table([`Undone, in this order (${duration(total)} of work)`, numbers('Took')], rows)}`
  })
  return turns.length === 0
    ? html``
    : html`<section>
        <h2>How it was turned back</h2>
        ${turns}
      </section>`
}
