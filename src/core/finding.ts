/** A finding: the answer to every question, before a change or after it. Expected bad news is a finding, never an exception. */
import type { Json } from './json.ts'

export type Level = 'note' | 'risk' | 'block'

/** `code` is `subject.what-is-so`; `help` names what ends the finding; `data` holds the figures behind the words. */
export interface Finding {
  readonly level: Level
  readonly code: string
  readonly message: string
  readonly help: string
  readonly at?: { readonly step?: string; readonly target?: string }
  readonly data?: Json
  /** So at this moment, as which servers are up: of a step that is not the first, a block is a risk before the run, and asked again when its turn comes. */
  readonly passing?: true
}

function finding(level: Level) {
  return (code: string, message: string, help: string, data?: Json): Finding =>
    data === undefined ? { level, code, message, help } : { level, code, message, help, data }
}

/** Worth knowing; asks for nothing. */
export const note = finding('note')
/** May hurt; a person should have seen it. */
export const risk = finding('risk')
/** Stops the run until it is ended. */
export const block = finding('block')

export function blocks(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((each) => each.level === 'block')
}
