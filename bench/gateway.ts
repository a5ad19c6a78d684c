/** Requests a second and latency through the gateway, beside Node's proxies and HAProxy: one upstream, interleaved rounds, load from another process. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
}

const children: ChildProcess[] = []
const folder = mkdtempSync(join(tmpdir(), 'changeover-bench-'))

async function main(): Promise<void> {
  try {
    const upstream = await start('upstream', '')
    const targets: { readonly name: string; readonly port: number }[] = [{ name: 'direct', port: upstream }]
    for (const { name } of proxies) targets.push({ name, port: await start(name, `http://127.0.0.1:${upstream}`) })
    if (has('haproxy', '-v')) targets.push({ name: 'haproxy', port: await startHaproxy(upstream) })
    else console.warn('haproxy is not installed: left out')
    report(await measure(targets))
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

function start(name: string, target: string): Promise<number> {
  const child = spawn(process.execPath, [join(rig, 'proxy.mjs'), name, target], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (bytes: Buffer) => resolve(Number(bytes.toString())))
    child.once('exit', () => reject(new Error(`${name} did not start`)))
  })
}

async function startHaproxy(upstream: number): Promise<number> {
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(
    file,
    `global\n  nbthread 1\n  maxconn 1000\ndefaults\n  mode http\n  option forwardfor\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n  http-reuse always\nlisten all\n  bind 127.0.0.1:${port}\n  server a 127.0.0.1:${upstream} weight 75\n  server b 127.0.0.1:${upstream} weight 25\n`,
  )
  children.push(spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' }))
  for (let left = 50; left > 0; left--) {
    if (await answers(port)) return port
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
async function measure(targets: readonly { readonly name: string; readonly port: number }[]): Promise<Results> {
  const results: Results = new Map()
  for (let round = 0; round <= rounds; round++) {
    for (const scenario of scenarios) {
      for (let at = 0; at < targets.length; at++) {
        const { name, port } = targets[(at + round) % targets.length]!
        const measured = await load(`http://127.0.0.1:${port}${scenario.path}`, round === 0 ? 1 : seconds)
        const own = results.get(scenario.name) ?? new Map<string, Measured[]>()
        results.set(scenario.name, own)
        if (round > 0) own.set(name, [...(own.get(name) ?? []), measured])
      }
    }
  }
  return results
}

async function load(url: string, forSeconds: number): Promise<Measured> {
  const run = promisify(execFile)
  if (!withWrk) {
    const { stdout } = await run(process.execPath, [
      join(rig, 'load.mjs'),
      url,
      String(connections),
      String(forSeconds),
    ])
    return JSON.parse(stdout) as Measured
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

function report(results: Results): void {
  const peers = proxies.filter(({ peer }) => peer).map(({ name }) => name as string)
  const shown = [...results].map(([scenario, each]) => {
    const rows = [...each].map(([name, measured]) => ({
      name,
      perSecond: Math.round(median(measured.map(({ perSecond }) => perSecond))),
      worst: Math.round(Math.min(...measured.map(({ perSecond }) => perSecond))),
      p50Ms: Number(median(measured.map(({ p50Ms }) => p50Ms)).toFixed(2)),
      p99Ms: Number(median(measured.map(({ p99Ms }) => p99Ms)).toFixed(2)),
      failed: measured.reduce((sum, { failed }) => sum + failed, 0),
    }))
    const own = each.get('changeover')!
    // Round by round, so that a busy moment of the machine counts for both.
    const against = (name: string) =>
      Number(median(own.map(({ perSecond }, at) => perSecond / each.get(name)![at]!.perSecond)).toFixed(2))
    const shadow = each.get('changeover-shadow')!
    const added = median(own.map(({ p50Ms }, at) => shadow[at]!.p50Ms - p50Ms))
    return {
      scenario,
      rows,
      aheadOfPeers: Object.fromEntries(peers.map((name) => [name, against(name)])),
      shadow: { ofUnwatched: against('changeover-shadow'), addedP50Ms: Number(added.toFixed(3)) },
    }
  })
  for (const { scenario, rows, aheadOfPeers, shadow } of shown) {
    console.log(
      `\n${scenario}, ${connections} connections, ${rounds} rounds of ${seconds} s, ${withWrk ? 'wrk' : 'own generator'}: medians`,
    )
    console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])))
    console.log(
      `changeover is ${Object.entries(aheadOfPeers)
        .map(([name, ratio]) => `${ratio} × ${name}`)
        .join(', ')}; shadowing 10 % adds ${shadow.addedP50Ms} ms to the median at full load`,
    )
  }
  if (values.json)
    console.log(JSON.stringify({ node: process.version, connections, rounds, seconds, scenarios: shown }))
}

await main()
