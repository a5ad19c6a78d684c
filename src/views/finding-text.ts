/** Findings as lines of text, worst first. Knows no source of findings. */
import type { Finding, Level } from '../core/finding.ts'
import { pad, type Paint, wrap } from './paint.ts'

const levels: readonly Level[] = ['block', 'risk', 'note']

export function byLevel(findings: readonly Finding[]): readonly Finding[] {
  return levels.flatMap((level) => findings.filter((finding) => finding.level === level))
}

/**
 * Findings once each, as they were found last: a step is asked before the run and again when its turn comes. The same words with other
 * figures are the same finding; names in quotes are no figures.
 */
export function distinct(findings: readonly Finding[]): readonly Finding[] {
  const kept = new Map<string, Finding>()
  for (const finding of findings) {
    const { level, code, at, message } = finding
    const key = [level, code, at?.step ?? '', at?.target ?? '', withoutFigures(message)].join('\n')
    kept.delete(key)
    kept.set(key, finding)
  }
  return [...kept.values()]
}

function withoutFigures(message: string): string {
  return message.replace(/"[^"]*"|\b\d[\d.,]*(?: ?(?:ms|s|min|h|[kKMGT]?i?B)\b)?/g, (found) =>
    found.startsWith('"') ? found : '#',
  )
}

/** What ends a finding, where there is something to do. */
export function helpOf(finding: Finding): string {
  return finding.help === 'nothing to do' ? '' : finding.help
}

export function paintOf(level: Level, paint: Paint): (text: string) => string {
  return level === 'block' ? paint.bad : level === 'risk' ? paint.warn : paint.faint
}

/** Two or more lines each: level, code, what is so, and below it what ends it. */
export function findingLines(findings: readonly Finding[], paint: Paint, width: number): readonly string[] {
  return byLevel(findings).flatMap((finding) => {
    const level = paintOf(finding.level, paint)(pad(finding.level, 5))
    const at = finding.at?.step ?? finding.at?.target
    const head = `  ${level}  ${finding.code}${at === undefined ? '' : paint.faint(` at ${at}`)}`
    const message = wrap(finding.message, width - 9).map((line) => `         ${line}`)
    const help = helpOf(finding) === '' ? [] : wrap(`→ ${helpOf(finding)}`, width - 9).map((line) => `         ${line}`)
    return [head, ...message, ...help.map(paint.faint)]
  })
}
