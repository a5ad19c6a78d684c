/** `npm run bench -- NAME [--json] [--rows N] [--rounds N]`: builds what ships, then runs one benchmark in this process' place. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'bench')

/** Each benchmark is a file of bench/; its first line says what it measures. What they share lies in folders there. */
const known = readdirSync(folder)
  .filter((entry) => entry.endsWith('.ts'))
  .map((entry) => entry.slice(0, -3))
  .sort()

const [name, ...rest] = process.argv.slice(2)
if (name === undefined || name.startsWith('-') || !known.includes(name)) {
  const lines = known.map((each) => `  ${each.padEnd(12)} ${firstLine(each)}`)
  console.error(`usage: npm run bench -- NAME [--json] [--rows N] [--rounds N]\n\n${lines.join('\n')}`)
  process.exit(name === undefined || name === '--help' ? 0 : 2)
}
const failed = build()
if (failed) process.exit(failed)
const run = spawnSync(process.execPath, ['--import', 'jiti/register', join(folder, `${name}.ts`), ...rest], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(run.status ?? 1)

function firstLine(each) {
  const [line = ''] = readFileSync(join(folder, `${each}.ts`), 'utf8').split('\n')
  return line.replace(/^\/\*\*\s*|\s*\*\/$/g, '')
}
