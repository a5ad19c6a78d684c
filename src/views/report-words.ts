/** The report's headline: a sentence and a few tiles, each only when it was measured. */
import type { Phase } from '../core/run.ts'
import type { Report } from './report.ts'
import { phaseWords } from './status-text.ts'
import { count, duration, moment, plural, rate } from './words.ts'

export type Tone = 'good' | 'warn' | 'bad' | ''

export function tone(at: Phase): Tone {
  if (at === 'done') return 'good'
  if (at === 'failed' || at === 'aborted') return 'bad'
  return at === 'running' ? '' : 'warn'
}

export interface Tile {
  readonly label: string
  readonly value: string
  readonly note?: string
  readonly tone: Tone
}

export function tilesOf(report: Report): readonly Tile[] {
  const { figures } = report
  const tile = (label: string, value: string, note?: string, of: Tone = ''): Tile =>
    note === undefined ? { label, value, tone: of } : { label, value, note, tone: of }
  const waited = report.lastedMs - report.workedMs
  const applied = report.stages.flatMap((stage) => stage.steps).filter((step) => step.status === 'applied').length
  const all = report.stages.flatMap((stage) => stage.steps).length
  const requests = figures.requests
  const criteria = figures.criteria ?? []
  const met = criteria.filter((each) => each.met === 'yes').length
  return [
    tile('outcome', phaseWords[report.phase], `${applied} of ${plural(all, 'step')} in place`, tone(report.phase)),
    tile('of work', duration(report.workedMs), waited >= 1000 ? `and ${duration(waited)} of waiting` : undefined),
    ...(figures.rows === undefined ? [] : [tile('rows handled', count(figures.rows), rowRate(figures))]),
    ...(requests === undefined
      ? []
      : [
          tile(
            'requests failed',
            count(requests.failed),
            `${count(requests.served)} served meanwhile`,
            requests.failed === 0 ? 'good' : 'bad',
          ),
        ]),
    ...(figures.longestWritePauseMs === undefined
      ? []
      : [tile('longest write pause', duration(figures.longestWritePauseMs))]),
    ...(criteria.length === 0
      ? []
      : [
          tile(
            'success criteria met',
            `${met} of ${criteria.length}`,
            undefined,
            met === criteria.length ? 'good' : 'bad',
          ),
        ]),
  ]
}

function rowRate(figures: Report['figures']): string | undefined {
  return figures.rowsPerSecond === undefined ? undefined : rate(figures.rowsPerSecond, 'rows')
}

/** One to three sentences, all of them read from the events. */
export function leadOf(report: Report): string {
  const what = `${report.name} ${report.from} → ${report.to}`
  const worked = duration(report.workedMs)
  const failed = report.stages.flatMap((stage) => stage.steps).find((step) => step.status === 'failed')
  const turn = report.turns.at(-1)
  const sentences: Readonly<Record<Phase, string>> = {
    done: `${what} was carried out in ${worked} of work and ended at ${moment(report.changedAt)}.`,
    'rolled-back': `${what} was turned back: ${turn?.why ?? 'as asked'}. It ended at ${moment(report.changedAt)}; every step that was begun is undone.`,
    aborted: `${what} was aborted at ${moment(report.changedAt)}. The step under way was undone; the steps before it stay.`,
    failed: `${what} stands still: step "${failed?.title ?? ''}" failed, and a person decides whether it is tried again or turned back.`,
    paused: `${what} is paused after ${worked} of work${report.pausedFor === undefined ? '' : `: ${report.pausedFor}`}.`,
    'awaiting-approval': `${what} waits for a person to approve the next step.`,
    running: `${what} is under way.`,
    'turning-back': `${what} is being turned back.`,
  }
  return [sentences[report.phase], ...approvedBy(report)].join(' ')
}

function approvedBy(report: Report): readonly string[] {
  const names = [...new Set(report.approvals.flatMap((each) => each.given?.by ?? []))]
  return names.length === 0 ? [] : [`Approved by ${names.join(', ')}.`]
}
