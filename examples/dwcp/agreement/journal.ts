/**
 * What a member must still know after kill -9: votes, entries, certificates, as lines of JSON in a file. Written before the member says what it
 * wrote. It is not forced to the disk: that survives the process, not the power.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

export interface AgreementJournal<Line> {
  readonly load: () => readonly Line[]
  readonly add: (line: Line) => void
  /** Everything so far is in these lines. */
  readonly compact: (lines: readonly Line[]) => void
}

export function fileJournal<Line>(path: string): AgreementJournal<Line> {
  return {
    load: () => (existsSync(path) ? wholeLines<Line>(readFileSync(path, 'utf8')) : []),
    add: (line) => appendFileSync(path, `${JSON.stringify(line)}\n`),
    compact: (lines) => {
      writeFileSync(`${path}.new`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      renameSync(`${path}.new`, path)
    },
  }
}

export function memoryJournal<Line>(): AgreementJournal<Line> {
  const lines: Line[] = []
  return {
    load: () => [...lines],
    add: (line) => void lines.push(line),
    compact: (all) => void lines.splice(0, lines.length, ...all),
  }
}

/** A line that was not finished was not said to anybody either. */
function wholeLines<Line>(text: string): readonly Line[] {
  const lines = text.split('\n')
  lines.pop()
  return lines.map((line) => JSON.parse(line) as Line)
}
