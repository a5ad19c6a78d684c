/** HAProxy steered under load: how long a change takes, how many requests fail, and how soon the last request has left a side that a gate failed.
 * 1,000 changes of weights and as many of the sticky share (no request may fail); a whole run whose gate fails, from that event to the last request on the newer
 * side (under a second is wanted); and 1,000,000 users, a third not ASCII, through the Lua file, of them 20,000 through HAProxy itself, against the definition of
 * the bucket.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { haproxy } from '../src/adapters/haproxy/index.ts'
import type { TrafficWriter } from '../src/core/ports/index.ts'
import { openJournalAt, systemClock } from '../src/engine/index.ts'
import { programOf } from '../src/testing/debian.ts'
import { rigFlag, startTrafficRig, type TrafficRig } from '../src/testing/index.ts'
import { startLoad } from '../src/testing/load.ts'
import { guardedShift } from '../src/testing/traffic-rig.ts'
import { bucketOf, pipelined, userNumber } from '../src/testing/users.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    changes: { type: 'string', default: '1000' },
    users: { type: 'string', default: '1000000' },
  },
})
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`)
const main = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js')
const sharesOf = (v2: number) => ({ v1: 10_000 - v2, v2 })

/** The share goes up and down by odd steps, so that every weight there is comes about; each change is read back. */
async function change(rig: TrafficRig, proxy: TrafficWriter, route: 'web' | 'shop', changes: number) {
  await proxy.shift(route, sharesOf(0))
  const load = startLoad({ url: rig.url[route], clients: 16 })
  const took: number[] = []
  const started = performance.now()
  for (let count = 1; count <= changes; count++) {
    const before = performance.now()
    await proxy.shift(route, sharesOf((count * 3701) % 10_001))
    took.push(performance.now() - before)
  }
  const seconds = (performance.now() - started) / 1000
  const { failed, failures, requests, sides } = await load.stop()
  await proxy.shift(route, sharesOf(0))
  const sorted = took.toSorted((a, b) => a - b)
  const figure = {
    changes,
    requests,
    failed,
    perSecond: Math.round(requests / seconds),
    p50Ms: at(sorted, 0.5),
    p99Ms: at(sorted, 0.99),
    sides,
  }
  say(
    `${route.padEnd(5)} ${changes} changes under ${figure.perSecond} requests/s: ${failed} of ${requests} failed; a change p50 ${figure.p50Ms} ms, p99 ${figure.p99Ms} ms${failures.length === 0 ? '' : ` (${failures[0]})`}`,
  )
  return figure
}

/** The tool as a process, guarded by a probe of the newer side; that side breaks in the middle of a hold. */
async function failGate(rig: TrafficRig) {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))
  const steps = [{ to: sharesOf(5000), holdMs: 60_000 }]
  const plan = guardedShift(rig, 'gate', { to: sharesOf(10_000), steps })
  const load = startLoad({ url: rig.url.web, clients: 8 })
  try {
    writeFileSync(join(folder, 'changeover.yaml'), JSON.stringify(plan))
    const tool = spawn(process.execPath, [main, 'run', '--yes', '--json'], { cwd: folder, stdio: 'ignore' })
    const before = load.report().sides['v2'] ?? 0
    while ((load.report().sides['v2'] ?? 0) < before + 200) await sleep(20)
    await sleep(500)
    const brokenAt = Date.now()
    rig.spoil('v2', true)
    await once(tool, 'exit')
    const { lastAt } = rig.seen('v2')
    const journal = openJournalAt({ folder: join(folder, '.changeover'), clock: systemClock })
    const failed = (await journal.read((await journal.runs()).at(-1)!)).find((each) => each.type === 'step.failed')
    const figure = { fromGateMs: Math.max(0, lastAt - Date.parse(failed!.at)), fromFaultMs: lastAt - brokenAt }
    say(
      `gate  failed to last request on the newer side: ${figure.fromGateMs} ms (from the fault itself: ${figure.fromFaultMs} ms)`,
    )
    return figure
  } finally {
    await load.stop()
    rig.spoil('v2', false)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The very file that HAProxy loads, run by lua over all users; and a part of them through HAProxy. */
async function compareUsers(rig: TrafficRig, proxy: TrafficWriter, users: number) {
  const lua = programOf('lua5.3', 'lua5.3')
  if ('missing' in lua) say(`users skipped in lua: ${lua.missing}`)
  const wrong = 'missing' in lua ? 0 : await wrongInLua(lua.path, rig, users)
  await proxy.shift('shop', sharesOf(3333))
  const some = Array.from({ length: Math.min(users, 20_000) }, (_, index) => userNumber(users - 1 - index))
  const answers = await pipelined(rig.url.shop, some)
  const wrongThere = some.filter((user, index) => {
    const bucket = bucketOf(rigFlag, user)
    return answers[index]!.bucket !== String(bucket) || answers[index]!.side !== (bucket < 3333 ? 'v2' : 'v1')
  }).length
  say(
    `users ${'missing' in lua ? 0 : users} through the Lua file: ${wrong} in another bucket; ${some.length} through HAProxy: ${wrongThere} on another side`,
  )
  return { users: 'missing' in lua ? 0 : users, wrong, throughHaproxy: some.length, wrongThere }
}

async function wrongInLua(program: string, rig: TrafficRig, users: number): Promise<number> {
  const keys = join(rig.haproxy.folder, 'keys')
  const file = createWriteStream(keys)
  for (let index = 0; index < users; index++) if (!file.write(`${userNumber(index)}\n`)) await once(file, 'drain')
  file.end()
  await once(file, 'close')
  const runner = join(rig.haproxy.folder, 'run.lua')
  writeFileSync(runner, 'local bucket = dofile(arg[1]) for line in io.lines(arg[2]) do print(bucket(line, "shop")) end')
  const said = execFileSync(program, [runner, rig.lua, keys], { encoding: 'utf8', maxBuffer: 64 * users }).split('\n')
  let wrong = said.length - 1 === users ? 0 : users
  for (let index = 0; index < users; index++)
    if (said[index] !== String(bucketOf(rigFlag, userNumber(index)))) wrong += 1
  return wrong
}

function at(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]! * 100) / 100
}

const rig = await startTrafficRig()
try {
  const who = { run: 'bench', fence: 1, base: '/', signal: new AbortController().signal }
  const proxy = (await haproxy.open(rig.config, who)).write
  const weights = await change(rig, proxy, 'web', Number(values.changes))
  const sticky = await change(rig, proxy, 'shop', Number(values.changes))
  const gate = await failGate(rig)
  const users = await compareUsers(rig, proxy, Number(values.users))
  const within = weights.failed + sticky.failed === 0 && gate.fromGateMs < 1000 && users.wrong + users.wrongThere === 0
  if (values.json) console.log(JSON.stringify({ bench: 'traffic', weights, sticky, gate, users, within }))
  if (!within) process.exitCode = 1
} finally {
  await rig.stop()
}
