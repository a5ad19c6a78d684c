/** `npm test`: sets up, checks types, style and generated pages, runs every test, and ends with a line of counts. `--fast`: what starts no server. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setUp } from './setup.mjs'

const root = join(import.meta.dirname, '..')
const fast = process.argv.includes('--fast')
const rest = process.argv.slice(2).filter((each) => each !== '--fast')
const counts = { passed: 0, failed: 0, skipped: 0 }

installPostgres()
await setUp()
if (rest.length === 0) {
  check('types', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'])
  check('lint', [
    'node_modules/oxlint/bin/oxlint',
    '--type-aware',
    '--deny-warnings',
    'src',
    'test',
    'examples',
    'bench',
    'scripts',
  ])
  check('format', [
    'node_modules/prettier/bin/prettier.cjs',
    '--check',
    '--log-level',
    'warn',
    'src',
    'test',
    'examples',
    'bench',
    'scripts',
  ])
  check('exports that nobody uses', ['node_modules/knip/bin/knip.js', '--no-progress'])
  if (existsSync(join(root, 'scripts/reference.ts')))
    check('generated pages', ['--import', 'jiti/register', 'scripts/reference.ts', '--check'])
}
runTests()
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

function check(name, args) {
  const done = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  counts[done.status === 0 ? 'passed' : 'failed'] += 1
  process.stdout.write(`${done.status === 0 ? 'ok  ' : 'FAIL'} ${name}\n`)
  if (done.status !== 0) process.stdout.write(`${done.stdout}${done.stderr}\n`)
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-test-'))
  const report = join(folder, 'report.json')
  const files = fast ? testFiles().filter(startsNoServer) : rest
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(fast ? ['--project', 'rooms'] : []),
    ...files,
  ]
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'))
    counts.passed += result.numPassedTests
    counts.failed += result.numFailedTests
    counts.skipped += result.numPendingTests + result.numTodoTests
    if (done.status !== 0 && result.numFailedTests === 0) counts.failed += 1
  } catch {
    counts.failed += 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function startsNoServer(file) {
  if (file.startsWith(join('test', 'system'))) return false
  return !/startPostgres|onEveryPostgres|openRig|programOf|(haproxy|nginx)Source|spawn(Sync)?\(|fork\(|processService|makePlace/.test(
    readFileSync(join(root, file), 'utf8'),
  )
}

/** The system's PostgreSQL is the second server of the database tests. Where it can be installed it is; else those tests say why they are not run. */
function installPostgres() {
  if (fast || existsSync('/usr/lib/postgresql') || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  process.stdout.write('installing postgresql from Debian …\n')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env })
  spawnSync('apt-get', ['install', '-y', '-q', 'postgresql'], { stdio: 'ignore', env })
}

function testFiles() {
  const below = (folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name)))
  return ['src', 'test', 'examples'].flatMap(below).filter((path) => path.endsWith('.test.ts'))
}
