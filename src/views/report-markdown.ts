/** A run as Markdown: the report's figures and lists, for a ticket or a wiki. */
import { byLevel, helpOf } from './finding-text.ts'
import { md, mdCode, mdSections, mdTable } from './markdown.ts'
import type { Report, StepReport } from './report.ts'
import { leadOf, tilesOf } from './report-words.ts'
import { condensed } from './report-lists.ts'
import { eventLine } from './event-line.ts'
import { phaseWords } from './status-text.ts'
import { count, duration, moment } from './words.ts'

export function reportMarkdown(report: Report): string {
  return mdSections([
    [`# ${md(report.name)} ${md(report.from)} → ${md(report.to)}: ${phaseWords[report.phase]}`],
    [`${md(report.run)} · opened ${moment(report.openedAt)} by ${md(report.openedBy)} · plan ${mdCode(report.hash)}`],
    [md(leadOf(report))],
    tilesOf(report).map(
      (tile) => `- ${tile.label}: **${md(tile.value)}**${tile.note === undefined ? '' : `, ${md(tile.note)}`}`,
    ),
    ...section('Success criteria', criteria(report)),
    ...section('What was planned, and what was measured', steps(report)),
    ...section('How it was turned back', turns(report)),
    ...section('Approvals', approvals(report)),
    ...section('Findings', findings(report)),
    ...section('Risks', risks(report)),
    ...section(
      'The way back, as planned',
      report.wayBack.map((each) => `- ${md(each)}`),
    ),
    ...section(
      'Checklist',
      report.checklist.map((each) => `- [${each.ticked ? 'x' : ' '}] ${md(each.item)}`),
    ),
    ...section(
      'Communication',
      report.communication.map((each) => `- ${md(each)}`),
    ),
    ...section('Audit trail', trail(report)),
  ])
}

function section(title: string, lines: readonly string[]): readonly (readonly string[])[] {
  return lines.length === 0 ? [] : [[`## ${title}`], lines]
}

function criteria(report: Report): readonly string[] {
  const rows = (report.figures.criteria ?? []).map((each) => [
    md(each.step === undefined ? each.name : `${each.name} (${each.step})`),
    md(each.wanted),
    md(each.measured),
    each.met === 'yes' ? 'met' : each.met === 'no' ? '**not met**' : 'not known',
  ])
  return rows.length === 0 ? [] : mdTable(['criterion', 'wanted', 'measured', ''], rows)
}

function steps(report: Report): readonly string[] {
  const rows = report.stages.flatMap((stage) => stage.steps.map((step) => stepRow(stage.name, step)))
  return mdTable(['stage', 'step', 'kind', 'expected', 'took', 'undone in', 'amount', 'now'], rows)
}

function stepRow(stage: string, step: StepReport): readonly string[] {
  const time = (ms: number | undefined): string => (ms === undefined ? '' : duration(ms))
  const seconds = step.estimate?.seconds
  const undone = step.status === 'waiting' && step.undoneMs !== undefined
  return [
    md(stage),
    md(step.title),
    mdCode(step.kind),
    time(seconds === undefined ? undefined : seconds * 1000),
    time(step.appliedMs),
    time(step.undoneMs),
    step.amount === undefined ? '' : md(`${count(step.amount.done)} ${step.amount.unit}`),
    undone ? 'undone' : step.status === 'waiting' ? 'not started' : step.status,
  ]
}

function turns(report: Report): readonly string[] {
  return report.turns.flatMap((turn) => {
    const scope =
      turn.part === undefined ? (turn.to === undefined ? '' : ` to ${mdCode(turn.to)}`) : ` part ${mdCode(turn.part)}`
    const undone = turn.undone.map((each) => `${mdCode(each.step)} (${duration(each.ms)})`).join(', ')
    return [
      `- ${moment(turn.at)}${scope} by ${md(turn.by)}: ${md(turn.why)}${undone === '' ? '' : `. Undone: ${undone}`}`,
    ]
  })
}

function approvals(report: Report): readonly string[] {
  return report.approvals.map((each) =>
    each.given === undefined
      ? `- ${mdCode(each.step)} asks "${md(each.ask)}": not answered`
      : `- ${mdCode(each.step)} asked "${md(each.ask)}": ${md(each.given.by)} approved at ${moment(each.given.at)}${each.given.note === '' ? '' : `: ${md(each.given.note)}`}`,
  )
}

function findings(report: Report): readonly string[] {
  const rows = byLevel(report.findings).map((each) => [
    each.level,
    mdCode(each.code),
    md(each.at?.step ?? each.at?.target ?? ''),
    md(each.message),
    md(helpOf(each)),
  ])
  return rows.length === 0 ? [] : mdTable(['level', 'code', 'at', 'what is so', 'what ends it'], rows)
}

function risks(report: Report): readonly string[] {
  const rows = report.risks.map((each) => [md(each.risk), md(each.mitigation), md(each.recovery)])
  return rows.length === 0 ? [] : mdTable(['risk', 'mitigation', 'recovery'], rows)
}

function trail(report: Report): readonly string[] {
  return condensed(report.events).map((each) => `    ${String(each.event.seq).padStart(5)}  ${eventLine(each.event)}`)
}
