/** The report of the run, with what the clients measured beside what the run measured. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Command } from './command.ts'

/** As `changeover report --figures` takes them. */
export interface ClientFigures {
  readonly requests: { readonly served: number; readonly failed: number }
  readonly longestWritePauseMs?: number
}

/** Into `folder` of `out`. Answers where it is, from here. */
export async function writeReport(
  command: Command,
  home: string,
  folder: string,
  figures: ClientFigures,
): Promise<string> {
  const out = join(import.meta.dirname, '..', '..', 'out', folder)
  mkdirSync(out, { recursive: true })
  const measured = join(home, 'of-clients.json')
  writeFileSync(measured, JSON.stringify(figures))
  const file = join(out, 'report.html')
  const { code } = await command.says('report', '--format', 'html', '--figures', measured, '--out', file)
  if (code !== 0) throw new Error(`changeover report ended with ${code}`)
  return relative(process.cwd(), file)
}
