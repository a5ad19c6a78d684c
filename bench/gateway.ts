/** Requests a second and latency through the gateway, beside Node's proxies and HAProxy: one upstream, interleaved rounds, load from another process. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { freePort } from '../src/testing/index.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '32' },
  },
})
const [rounds, seconds, connections] = [Number(values.rounds), Number(values.seconds), Number(values.connections)]
const pairs = 3000
const rig = join(import.meta.dirname, 'rig')
const has = (program: string, flag: string): boolean => !spawnSync(program, [flag]).error
const withWrk = has('wrk', '-v')

/** `peer`: a Node proxy that the gateway is compared with. */
const proxies = [
  { name: 'changeover', peer: false },
  { name: 'changeover-sticky', peer: false },
  { name: 'changeover-shadow', peer: false },
  { name: 'fastify', peer: true },
  { name: 'http-proxy-3', peer: true },
] as const
const scenarios = [
  { name: 'small', path: '/' },
  { name: '64 KiB', path: '/large' },
] as const

interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failed: number
  /** Processor time of the proxy for each request, in microseconds: what a busy machine does not blur. Null where it cannot be told. */
  readonly cpuMicros: number | null
}

interface Place {
  readonly name: string
  readonly port: number
  readonly pid: number
}

const children: ChildProcess[] = []
const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))

async function main(): Promise<void> {
  try {
    const upstream = await start('upstream', '')
    const targets: Place[] = [{ ...upstream, name: 'direct' }]
    for (const { name } of proxies) targets.push(await start(name, `http://127.0.0.1:${upstream.port}`))
    if (has('haproxy', '-v')) targets.push(await startHaproxy(upstream.port))
    else console.warn('haproxy is not installed: left out')
    report(await measure(targets), await paired(targets))
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

function start(name: string, target: string): Promise<Place> {
  const child = spawn(process.execPath, [join(rig, 'proxy.mjs'), name, target], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (bytes: Buffer) => resolve({ name, port: Number(bytes.toString()), pid: child.pid! }))
    child.once('exit', () => reject(new Error(`${name} did not start`)))
  })
}

async function startHaproxy(upstream: number): Promise<Place> {
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `global\n  nbthread 1\n  maxconn 1000\ndefaults\n  mode http\n  option forwardfor\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n  http-reuse always\nlisten all\n  bind 127.0.0.1:${port}\n  server a 127.0.0.1:${upstream} weight 75\n  server b 127.0.0.1:${upstream} weight 25\n`,
  )
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  children.push(child)
  for (let left = 50; left > 0; left--) {
    if (await answers(port)) return { name: 'haproxy', port, pid: child.pid! }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('haproxy did not start')
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

type Results = Map<string, Map<string, Measured[]>>

/** Every round asks all of them, each time beginning with another; the first, short round warms them up. */
async function measure(targets: readonly Place[]): Promise<Results> {
  const results: Results = new Map()
  for (let round = 0; round <= rounds; round++) {
    for (const scenario of scenarios) {
      for (let at = 0; at < targets.length; at++) {
        const { name, port, pid } = targets[(at + round) % targets.length]!
        const before = cpuMicros(pid)
        const loaded = await load(`http://127.0.0.1:${port}${scenario.path}`, round === 0 ? 1 : seconds)
        const spent = before === null ? null : cpuMicros(pid)! - before
        const measured = { ...loaded, cpuMicros: spent === null ? null : spent / Math.max(1, loaded.requests) }
        const own = results.get(scenario.name) ?? new Map<string, Measured[]>()
        results.set(scenario.name, own)
        if (round > 0) own.set(name, [...(own.get(name) ?? []), measured])
      }
    }
  }
  return results
}

/** What a shadow adds to a user's request: one request to the gateway without, one to the gateway with it, again and again, on a machine that has time. */
async function paired(
  targets: readonly Place[],
): Promise<{ readonly pairs: number; readonly addedP50Micros: number; readonly ofP50: number }> {
  const [plain, watched] = ['changeover', 'changeover-shadow'].map(
    (name) => targets.find((each) => each.name === name)!.port,
  )
  const agents = [plain!, watched!].map((port) => ({ port, agent: new Agent({ keepAlive: true, maxSockets: 1 }) }))
  const times: number[][] = [[], []]
  for (let at = 0; at < pairs + 200; at++) {
    for (const side of at % 2 === 0 ? [0, 1] : [1, 0]) {
      const from = performance.now()
      await once(agents[side]!)
      if (at >= 200) times[side]!.push((performance.now() - from) * 1000)
    }
  }
  for (const { agent } of agents) agent.destroy()
  const base = median(times[0]!)
  const added = median(times[0]!.map((each, at) => times[1]![at]! - each))
  return { pairs, addedP50Micros: Number(added.toFixed(1)), ofP50: Number((added / base).toFixed(3)) }
}

function once({ port, agent }: { readonly port: number; readonly agent: Agent }): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent }, (answer) => answer.resume().on('end', resolve)).on('error', reject)
  })
}

/** User and system time of a process since its start; the clock of /proc ticks a hundred times a second. */
function cpuMicros(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  } catch {
    return null
  }
}

type Loaded = Omit<Measured, 'cpuMicros'> & { readonly requests: number }

async function load(url: string, forSeconds: number): Promise<Loaded> {
  const run = promisify(execFile)
  if (!withWrk) {
    const { stdout } = await run(process.execPath, [
      join(rig, 'load.mjs'),
      url,
      String(connections),
      String(forSeconds),
    ])
    return JSON.parse(stdout) as Loaded
  }
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${forSeconds}s`,
    '--latency',
    '-H',
    'X-User: user-1',
    url,
  ])
  const errors =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1).map(Number) ?? []
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0)
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50Ms: milliseconds(/50%\s+(\S+)/.exec(stdout)?.[1]),
    p99Ms: milliseconds(/99%\s+(\S+)/.exec(stdout)?.[1]),
    failed: errors.reduce((sum, each) => sum + each, bad),
  }
}

function milliseconds(text = ''): number {
  const [, value, unit] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? []
  return Number(value) * (unit === 'us' ? 0.001 : unit === 's' ? 1000 : 1)
}

const median = (each: readonly number[]): number => each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)]!

function report(results: Results, shadow: Awaited<ReturnType<typeof paired>>): void {
  const peers = proxies.filter(({ peer }) => peer).map(({ name }) => name as string)
  const shown = [...results].map(([scenario, each]) => {
    const rows = [...each].map(([name, measured]) => ({
      name,
      perSecond: Math.round(median(measured.map(({ perSecond }) => perSecond))),
      worst: Math.round(Math.min(...measured.map(({ perSecond }) => perSecond))),
      p50Ms: Number(median(measured.map(({ p50Ms }) => p50Ms)).toFixed(2)),
      p99Ms: Number(median(measured.map(({ p99Ms }) => p99Ms)).toFixed(2)),
      failed: measured.reduce((sum, { failed }) => sum + failed, 0),
      cpuMicros:
        measured[0]!.cpuMicros === null ? null : Math.round(median(measured.map(({ cpuMicros: each }) => each!))),
    }))
    const own = each.get('changeover')!
    // Round by round, so that a busy moment of the machine counts for both.
    const against = (name: string) =>
      Number(median(own.map(({ perSecond }, at) => perSecond / each.get(name)![at]!.perSecond)).toFixed(2))
    return {
      scenario,
      rows,
      aheadOfPeers: Object.fromEntries(peers.map((name) => [name, against(name)])),
    }
  })
  for (const { scenario, rows, aheadOfPeers } of shown) {
    console.log(
      `\n${scenario}, ${connections} connections, ${rounds} rounds of ${seconds} s, ${withWrk ? 'wrk' : 'own generator'}: medians`,
    )
    console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])))
    const ahead = Object.entries(aheadOfPeers).map(([name, ratio]) => `${ratio} × ${name}`)
    console.log(`requests a second: changeover is ${ahead.join(', ')}`)
  }
  console.log(
    `shadowing 10 % adds ${shadow.addedP50Micros} µs to a request (${shadow.pairs} pairs, median; ${(shadow.ofP50 * 100).toFixed(1)} %)`,
  )
  if (values.json)
    console.log(JSON.stringify({ node: process.version, connections, rounds, seconds, scenarios: shown, shadow }))
}

await main()
