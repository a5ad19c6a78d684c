/** The timeline of a run as inline SVG: a row for each step, its working spans as bars, long waits cut short and hatched. */
import { type Html, html } from './html.ts'
import type { Report, StepReport } from './report.ts'
import type { Idle, Span } from './spans.ts'
import { duration, timeOfDay } from './words.ts'

const wide = 1000
const left = 265
const right = 140
const rowHeight = 25
const top = 8

interface Row {
  readonly y: number
  readonly stage?: string
  readonly step?: StepReport
}

export function timelineSvg(report: Report): Html {
  const place = placing(report)
  const rows = rowsOf(report)
  const height = top + rows.length * rowHeight
  const bottom = height + 24
  const label = `timeline of ${report.run}: ${report.stages.map((stage) => stage.name).join(', ')}`
  return html`<svg viewBox="0 0 ${wide} ${bottom}" role="img" aria-label="${label}">
    <defs>
      <pattern id="waiting" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line class="hatch" x1="0" y1="0" x2="0" y2="6" />
      </pattern>
    </defs>
    ${report.idles.map((idle) => idleBand(idle, place, height))}${rows.map((row) => drawRow(row, report.spans, place))}${axis(report, place, height)}
  </svg>`
}

function rowsOf(report: Report): readonly Row[] {
  const rows: Row[] = []
  const y = (): number => top + rows.length * rowHeight
  for (const stage of report.stages) {
    rows.push({ y: y(), stage: stage.name })
    for (const step of stage.steps) rows.push({ y: y(), step })
  }
  return rows
}

type Place = (at: number) => number

/** Where a moment stands. Worked time is to scale; each wait has one small width, however long it was. */
function placing(report: Report): Place {
  const first = report.spans[0]?.from ?? 0
  const last = Math.max(first, ...report.spans.map((span) => span.to))
  const idle = Math.min(40, 240 / Math.max(1, report.idles.length))
  const waited = report.idles.reduce((sum, each) => sum + each.to - each.from, 0)
  const worked = Math.max(1, last - first - waited)
  const scale = (wide - left - right - idle * report.idles.length) / worked
  return (at) => {
    let x = left
    let from = first
    for (const each of report.idles) {
      if (at <= each.from) break
      x += (each.from - from) * scale
      if (at < each.to) return x + (idle * (at - each.from)) / (each.to - each.from)
      x += idle
      from = each.to
    }
    return x + (Math.max(from, Math.min(at, last)) - from) * scale
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function idleBand(idle: Idle, place: Place, height: number): Html {
  const x = round(place(idle.from))
  const width = round(place(idle.to) - place(idle.from))
  const words = `${idle.why}, ${duration(idle.to - idle.from)}`
  return html`<rect class="idle" x="${x}" y="${top}" width="${width}" height="${height - top}"
    ><title>${words}</title></rect
  > `
}

function drawRow(row: Row, spans: readonly Span[], place: Place): Html {
  const base = row.y + rowHeight - 8.5
  if (row.stage !== undefined) {
    return html`<text class="stage-name" x="0" y="${base}">${clip(row.stage, 40)}</text> `
  }
  const { step } = row
  if (!step) return html``
  const own = spans.filter((span) => span.step === step.id)
  const end = own.at(-1)
  const times = [step.appliedMs, step.undoneMs].flatMap((ms) => (ms === undefined ? [] : [duration(ms)]))
  const time =
    end === undefined
      ? html`<text class="faint" x="${left + 6}" y="${base}">${step.status === 'waiting' ? 'not started' : ''}</text>`
      : html`<text class="faint" x="${round(place(end.to) + 6)}" y="${base}">${times.join(' + ')}</text>`
  return html`<line class="row" x1="0" x2="${wide}" y1="${row.y + rowHeight}" y2="${row.y + rowHeight}" />
    <text x="14" y="${base}"><title>${step.title}</title>${clip(step.title, 36)}</text
    >${own.map((span) => spanBar(span, row.y, place))}${time} `
}

function spanBar(span: Span, y: number, place: Place): Html {
  const x = round(place(span.from))
  const width = Math.max(2.5, round(place(span.to) - place(span.from)))
  const kind =
    span.end === 'failed'
      ? 'failed'
      : span.verb === 'rollback'
        ? 'rollback'
        : span.end === 'stopped'
          ? 'stopped'
          : 'apply'
  const words = `${span.verb === 'rollback' ? 'undo ' : ''}${span.step}: ${duration(span.to - span.from)}, ${span.end}`
  return html`<rect class="${kind}" x="${x}" y="${y + 6}" width="${width}" height="13" rx="2.5"
    ><title>${words}</title></rect
  >`
}

function clip(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, letters - 1).trimEnd()}…`
}

/** Times of day at the ends and beside each wait; one that would touch its neighbour is left out. */
function axis(report: Report, place: Place, height: number): Html {
  const first = report.spans[0]?.from
  if (first === undefined) return html``
  const last = Math.max(...report.spans.map((span) => span.to))
  const times = [first, last, ...report.idles.flatMap((idle) => [idle.from, idle.to])]
  const taken: number[] = []
  const labels = times.flatMap((at) => {
    const x = round(place(at))
    if (taken.some((other) => Math.abs(other - x) < 62)) return []
    taken.push(x)
    const text = timeOfDay(new Date(at).toISOString())
    return [html`<text class="axis" x="${x}" y="${height + 18}" text-anchor="middle">${text}</text>`]
  })
  return html`${labels}`
}
