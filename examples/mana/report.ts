/** The report of the run, with what the clients measured beside what the run measured. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Command } from './command.ts'

const outFolder = join(import.meta.dirname, '..', '..', 'out')

/** Where it is, from here. */
export async function writeReport(
  command: Command,
  home: string,
  requests: { readonly served: number; readonly failed: number },
  example = 'mana',
): Promise<string> {
  const out = join(outFolder, example === 'mana' ? 'mana' : `${example}-report`)
  mkdirSync(out, { recursive: true })
  const figures = join(home, 'requests.json')
  writeFileSync(figures, JSON.stringify({ requests }))
  const file = join(out, 'report.html')
  const code = await command.run('report', '--format', 'html', '--figures', figures, '--out', file)
  if (code !== 0) throw new Error(`changeover report ended with ${code}`)
  return relative(process.cwd(), file)
}
