/** A plan as Markdown, for a pull request or a ticket. The same figures as the text, nothing more. */
import type { Finding } from '../core/finding.ts'
import type { Plan, PlannedStep } from '../core/plan.ts'
import type { RunState } from '../core/run.ts'
import { type Estimate, estimates } from './estimate.ts'
import { byLevel, helpOf } from './finding-text.ts'
import { md, mdBlock, mdCode, mdSections, mdTable } from './markdown.ts'
import { askedOf, checklistOf, type Stage, stagesOf, targetsIn } from './plan-parts.ts'
import { estimateWords, totalWords, wayBackSentences } from './plan-text.ts'
import { plural } from './words.ts'

/** `findings` are those of the plan and of a check, where one was made. */
export function planMarkdown(
  plan: Plan,
  options: { readonly findings?: readonly Finding[]; readonly state?: RunState } = {},
): string {
  const findings = options.findings ?? plan.findings
  const by = estimates(findings)
  return mdSections([
    [`# ${md(plan.name)}: ${md(plan.from)} → ${md(plan.to)}`],
    summary(plan, by),
    overview(plan, by),
    ...stagesOf(plan).flatMap((stage) => stageSections(stage, by)),
    findings.length === 0 ? [] : ['## Findings'],
    findingsTable(findings),
    ...listSection('Risks', risks(plan)),
    ...listSection(
      'Way back',
      wayBackSentences(plan).map((each) => `- ${md(each)}`),
    ),
    ...listSection(
      'Communication',
      (askedOf(plan).communication ?? []).map((each) => `- ${md(each)}`),
    ),
    ...listSection('Checklist', checklist(plan, options.state)),
  ])
}

function summary(plan: Plan, by: ReadonlyMap<string, Estimate>): readonly string[] {
  const figures = [
    `${plural(plan.steps.length, 'step')} in ${plural(stagesOf(plan).length, 'stage')}`,
    md(totalWords(plan, by)),
    plan.onFailure === 'rollback' ? 'rolls back when a step fails' : 'pauses when a step fails',
    `plan ${mdCode(plan.hash)}`,
  ]
  return [figures.filter((each) => each !== '').join(' · ')]
}

function overview(plan: Plan, by: ReadonlyMap<string, Estimate>): readonly string[] {
  const rows = plan.steps.map((step, index) => [
    String(index + 1),
    mdCode(step.id),
    md(step.stage),
    mdCode(step.kind),
    md(targetsIn(step)),
    md(estimateWords(by.get(step.id)).join('')),
    step.undo,
  ])
  return mdTable(['#', 'step', 'stage', 'kind', 'on', 'size', 'undo'], rows)
}

function stageSections(stage: Stage, by: ReadonlyMap<string, Estimate>): readonly (readonly string[])[] {
  return [[`## ${md(stage.name)}`], ...stage.steps.flatMap((step) => stepSections(step, by.get(step.id)))]
}

function stepSections(step: PlannedStep, estimate: Estimate | undefined): readonly (readonly string[])[] {
  const lines = [
    `- kind ${mdCode(step.kind)}${targetsIn(step) === '' ? '' : ` on ${md(targetsIn(step))}`}`,
    ...estimateWords(estimate).map((words) => `- size: ${md(words)}`),
    ...step.locks.map((lock) => `- lock: ${md(lock.mode)} on ${mdCode(lock.object)}, ${md(lock.holds)}`),
    `- undo: ${step.undo}${step.parts.length === 0 ? '' : `; part ${step.parts.map(md).join(', ')}`}`,
    ...step.guards.map((guard) => `- guard: ${mdCode(guard.id)} (${mdCode(guard.kind)})`),
    ...(step.approval === undefined ? [] : [`- asks before it starts: ${md(step.approval)}`]),
  ]
  const title = step.title === step.id ? mdCode(step.id) : `${md(step.title)} (${mdCode(step.id)})`
  return [[`### ${title}`], lines, step.preview.length === 0 ? [] : mdBlock(step.preview)]
}

function findingsTable(findings: readonly Finding[]): readonly string[] {
  if (findings.length === 0) return []
  const rows = byLevel(findings).map((each) => [
    each.level,
    mdCode(each.code),
    md(each.at?.step ?? each.at?.target ?? ''),
    md(each.message),
    md(helpOf(each)),
  ])
  return mdTable(['level', 'code', 'at', 'what is so', 'what ends it'], rows)
}

function listSection(title: string, lines: readonly string[]): readonly (readonly string[])[] {
  return lines.length === 0 ? [] : [[`## ${title}`], lines]
}

function risks(plan: Plan): readonly string[] {
  const rows = (askedOf(plan).risks ?? []).map((each) => [md(each.risk), md(each.mitigation), md(each.recovery)])
  return rows.length === 0 ? [] : mdTable(['risk', 'mitigation', 'recovery'], rows)
}

function checklist(plan: Plan, state: RunState | undefined): readonly string[] {
  return checklistOf(plan, state).map(
    (each) =>
      `- [${each.ticked ? 'x' : ' '}] ${md(each.item)}${each.step === undefined ? '' : ` (${mdCode(each.step)})`}`,
  )
}
