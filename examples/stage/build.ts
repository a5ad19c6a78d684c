/** Writes the programs of an example as plain JavaScript, so that many of them start within seconds. Nothing to do while no source is newer. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')

/** Those that `tsconfig.json` in the folder of the example names. Answers the path to start one with `node`: `program('node')`. */
export async function buildPrograms<Name extends string>(example: string): Promise<(name: Name) => string> {
  const home = join(root, 'examples', example)
  const out = join(root, 'out/programs', example)
  const stamp = join(out, '.built')
  const newest = Math.max(...[home, import.meta.dirname, join(root, 'src')].flatMap(timesIn))
  if (!existsSync(stamp) || statSync(stamp).mtimeMs < newest) {
    rmSync(out, { recursive: true, force: true })
    const words = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(home, 'tsconfig.json')]
    await promisify(execFile)(process.execPath, words)
    writeFileSync(stamp, '')
  }
  return (name) => join(out, 'examples', example, `${name}.js`)
}

const timesIn = (folder: string): readonly number[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs)
