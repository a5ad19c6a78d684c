/** Comments that switch rules off: `-- changeover-ignore rule, rule`, without names all of them, and squawk's `-- squawk-ignore`. Knows no rule. */
import { type Statement, lineCounter, scan } from '../parser.ts'

/** A rule that a comment names, `*` for all of them. `statement` is its position in the script, or `file` for the whole. */
export interface Ignore {
  readonly rule: string
  readonly line: number
  readonly statement: number | 'file'
}

const pattern = /(?:changeover|squawk)-ignore(-file)?\b[ \t]*:?[ \t]*([\w.-]+(?:[ \t]*,[ \t]*[\w.-]+)*)?/i

/** Squawk's older name for both. */
const older: Readonly<Record<string, readonly string[]>> = {
  'require-timeout-settings': ['require-lock-timeout', 'require-statement-timeout'],
}

export function covers(ignore: Ignore, rule: string, statement: number): boolean {
  const named = ignore.rule === '*' || ignore.rule === rule || older[ignore.rule]?.includes(rule) === true
  return named && (ignore.statement === 'file' || ignore.statement === statement)
}

/** A comment speaks of the statement it stands in, else of the one on its own line before it, else of the next one. */
export function ignores(sql: string, script: readonly Statement[]): readonly Ignore[] {
  const lineOf = lineCounter(Buffer.from(sql))
  return scan(sql).flatMap(({ name, text, start }) => {
    const found = name.includes('COMMENT') ? pattern.exec(text) : null
    if (!found) return []
    const line = lineOf(start)
    const statement = found[1] ? ('file' as const) : spokenOf(script, start, line)
    return (found[2] ?? '*').split(',').map((rule) => ({ rule: rule.trim().replace(/^lint\./, ''), line, statement }))
  })
}

function spokenOf(script: readonly Statement[], start: number, line: number): number {
  const end = (each: Statement) => each.byte + Buffer.byteLength(each.text)
  const lastLine = (each: Statement) => each.line + each.text.split('\n').length - 1
  const around = script.findIndex((each) => each.byte <= start && start < end(each))
  if (around >= 0) return around
  const beside = script.findLastIndex((each) => end(each) <= start && lastLine(each) === line)
  return beside >= 0 ? beside : script.findIndex((each) => each.byte > start)
}

/** Names longer than the server keeps (63 bytes), by statement. The grammar cuts them, so the tokens are asked. */
export function longNames(sql: string, script: readonly Statement[]): readonly (readonly string[])[] {
  const found = script.map((): string[] => [])
  for (const { text, start, name } of scan(sql)) {
    if (name !== 'IDENT' && !/^U&"/i.test(text)) continue
    const quoted = /^(?:U&)?"(.*)"$/is.exec(text)?.[1]
    const plain = quoted?.replaceAll('""', '"') ?? text
    if (Buffer.byteLength(plain) <= 63) continue
    found[script.findLastIndex((each) => each.byte <= start)]?.push(plain)
  }
  return found.map((names) => [...new Set(names)])
}
