/** The lists of the HTML report: findings, approvals, risks, checklist, and the audit trail. */
import type { Event } from '../core/event.ts'
import type { Level } from '../core/finding.ts'
import { eventText } from './event-line.ts'
import { byLevel, helpOf } from './finding-text.ts'
import { type Html, html } from './html.ts'
import type { Tone } from './report-words.ts'
import { table, tag } from './report-table.ts'
import type { Report } from './report.ts'
import { count, duration, millis, moment } from './words.ts'

const levelTone: Readonly<Record<Level, Tone>> = { block: 'bad', risk: 'warn', note: '' }

export function findingSection(report: Report): Html {
  if (report.findings.length === 0) return html``
  const rows = byLevel(report.findings).map(
    (each) =>
      html`<tr>
        <td>${tag(each.level, levelTone[each.level])}</td>
        <td>
          ${each.message}<small
            ><code>${each.code}</code>${each.at?.step === undefined ? '' : ` at ${each.at.step}`}</small
          >${helpOf(each) === '' ? undefined : html`<small>${helpOf(each)}</small>`}
        </td>
      </tr> `,
  )
  return html`<section class="long">
    <h2>Findings</h2>
    ${table(['Level', 'What is so, and what ends it'], rows)}
  </section>`
}

export function approvalSection(report: Report): Html {
  if (report.approvals.length === 0) return html``
  const rows = report.approvals.map((each) => {
    const waited = each.given === undefined ? undefined : duration(millis(each.given.at) - millis(each.askedAt))
    const by =
      each.given === undefined
        ? html`<td colspan="2">not answered</td>`
        : html`<td>${each.given.by}<small>${moment(each.given.at)}, after ${waited}</small></td>
            <td>${each.given.note}</td>`
    return html`<tr>
      <td>${each.ask}<small>step ${each.step}</small></td>
      ${by}
    </tr> `
  })
  return html`<section>
    <h2>Approvals</h2>
    ${table(['Asked', 'Approved by', 'Note'], rows)}
  </section>`
}

export function riskSection(report: Report): Html {
  if (report.risks.length === 0) return html``
  const rows = report.risks.map(
    (each) =>
      html`<tr>
        <td>${each.risk}</td>
        <td>${each.mitigation}</td>
        <td>${each.recovery}</td>
      </tr> `,
  )
  return html`<section>
    <h2>Risks</h2>
    ${table(['Risk', 'Mitigation', 'Recovery'], rows)}
  </section>`
}

export function listSection(title: string, items: readonly string[]): Html {
  if (items.length === 0) return html``
  return html`<section>
    <h2>${title}</h2>
    <ul>
      ${items.map((each) => html`<li>${each}</li>`)}
    </ul>
  </section>`
}

export function checklistSection(report: Report): Html {
  if (report.checklist.length === 0) return html``
  const items = report.checklist.map((each) => {
    const box = each.ticked ? html`<span class="box on">✓</span>` : html`<span class="box"></span>`
    const by = each.step === undefined ? 'a person ticks it' : `ticked by step ${each.step}`
    return html`<li>
      ${box}<span>${each.item}<small>${by}</small></span>
    </li>`
  })
  return html`<section>
    <h2>Checklist</h2>
    <ul class="checks">
      ${items}
    </ul>
  </section>`
}

export function auditSection(report: Report): Html {
  const rows = condensed(report.events).map(
    (each) =>
      html`<tr>
        <td class="soft">${each.event.seq}</td>
        <td class="soft now">${each.event.at.slice(0, 19).replace('T', ' ')}</td>
        <td><code>${each.event.type}</code></td>
        <td>
          ${eventText(each.event)}${each.marks > 1 ? html` <span class="soft">(last of ${count(each.marks)} marks)</span>` : undefined}
        </td>
      </tr> `,
  )
  return html`<section class="long">
    <h2>Audit trail</h2>
    <details>
      <summary>${count(report.events.length)} events</summary>
      <div class="scroll">
        <table class="trail">
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>
    </details>
  </section>`
}

interface Entry {
  readonly event: Event
  readonly marks: number
}

/** Marks in a row of one step are one entry: the last of them. */
export function condensed(events: readonly Event[]): readonly Entry[] {
  const entries: { event: Event; marks: number }[] = []
  for (const event of events) {
    const last = entries.at(-1)
    if (event.type === 'step.marked' && last?.event.type === 'step.marked' && last.event.step === event.step)
      entries[entries.length - 1] = { event, marks: last.marks + 1 }
    else entries.push({ event, marks: event.type === 'step.marked' ? 1 : 0 })
  }
  return entries
}
