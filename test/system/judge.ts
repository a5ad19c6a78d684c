/** What tests of the real command demand of what was said, and of a house where nobody works any more. */
import { existsSync, readdirSync } from 'node:fs'
import { expect } from 'vitest'
import type { Ended } from '../cli/command.ts'

/** An exit code, and words on either stream; never a stack. */
export function mustSay(ended: Ended, exit: number, ...says: readonly string[]): void {
  for (const each of says) expect(`${ended.out}${ended.err}`).toContain(each)
  expect(ended.err).not.toMatch(/^ {4}at /m)
  expect(ended.code).toBe(exit)
}

/** An error as a person must see it: what is so, what to do next, and its code. */
export function mustFail(ended: Ended, exit: number, code: string, ...says: readonly string[]): void {
  for (const each of [...says, `${code}, see`]) expect(ended.err).toContain(each)
  expect(ended.err).toMatch(/^ +→ \S/m)
  mustSay(ended, exit)
}

/** A finding that forbids to start: its code, what is so, and what ends it. */
export function mustBlock(ended: Ended, code: string, ...says: readonly string[]): void {
  for (const each of [...says, code, 'nothing was started']) expect(ended.err).toContain(each)
  expect(ended.err).toMatch(/^ +→ \S/m)
  mustSay(ended, 3)
}

/** An exit code, and all that was said where it is another. */
export function mustEnd(ended: Ended, exit: number): void {
  expect([ended.code, ended.code === exit ? '' : ended.out + ended.err]).toEqual([exit, ''])
}

/** No session of the tool, no database that it made, and nobody's claim on a run. A session ends a moment after its process. */
export async function mustBeQuiet(sql: (text: string) => Promise<readonly unknown[]>, journals: string): Promise<void> {
  const sessions =
    "SELECT application_name, state, query FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'changeover%'"
  await expect.poll(() => sql(sessions), { timeout: 60_000 }).toEqual([])
  expect(await sql("SELECT datname FROM pg_database WHERE datname LIKE 'changeover%'")).toEqual([])
  const claims = existsSync(journals) ? readdirSync(journals).filter((each) => each.includes('.claim')) : []
  expect(claims).toEqual([])
}
