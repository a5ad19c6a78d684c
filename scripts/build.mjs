/** Builds `dist` when a source is newer than it. The one step between a clone with its packages and a tool that runs. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const stamp = join(root, 'dist', '.built')

export function newest(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0)
}

export function build() {
  const inputs = Math.max(newest(join(root, 'src')), statSync(join(root, 'tsconfig.build.json')).mtimeMs)
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= inputs) return 0
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const made = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
    { cwd: root, stdio: 'inherit' },
  )
  if (made.status === 0) cpSync(join(root, 'tsconfig.build.json'), stamp)
  return made.status ?? 1
}

if (process.argv[1] === import.meta.filename) process.exit(build())
