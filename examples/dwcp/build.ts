/** Writes the programs as plain JavaScript, so that two dozen of them start within seconds. Nothing to do while no source is newer. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const here = import.meta.dirname
const root = join(here, '../..')
const out = join(root, 'out/dwcp')
const stamp = join(out, '.built')

/** `program('node')` is the path to start with `node`. */
export async function buildPrograms(): Promise<(name: 'node' | 'load' | 'fault-proxy' | 'downgrade') => string> {
  const sources = [here, join(here, '../stage'), join(root, 'src/flags'), join(root, 'src/core')]
  const newest = Math.max(...sources.flatMap(timesIn))
  if (!existsSync(stamp) || statSync(stamp).mtimeMs < newest) {
    rmSync(out, { recursive: true, force: true })
    await promisify(execFile)(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      join(here, 'tsconfig.json'),
    ])
    writeFileSync(stamp, '')
  }
  return (name) => join(out, 'examples/dwcp', `${name}.js`)
}

const timesIn = (folder: string): readonly number[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs)
