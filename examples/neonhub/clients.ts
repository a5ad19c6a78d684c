/** Clients of both versions that read and write all the time, and remember what they wrote. Asked over a control port, stopped by SIGTERM. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answered, type Caller, caller, type Failure } from './clients/caller.ts'
import { v3Dialect, v4Dialect } from './clients/dialect.ts'
import { Ledger, type LedgerRecord } from './clients/ledger.ts'
import { Stats, type Summary } from './clients/stats.ts'
import { worker } from './clients/tasks.ts'
import { options, program } from './service/program.ts'
import { type Asked, Refusal, reply, type Route, serve } from './service/serve.ts'

/** `auto`: the v4 client works while v4 answers at its address, and being sent away by v3 is no failure. */
export interface Phase {
  readonly v3: 'on' | 'off'
  readonly v4: 'on' | 'off' | 'auto'
}

export interface ClientsOptions {
  readonly gateway: string
  /** Where the v4 client goes; the gateway unless v4 is to be tried beside it. */
  readonly v4?: string
  readonly controlPort: number
  /** Holds `stats.jsonl`, `failures.jsonl` and, at the end, `ledger.json` and `summary.json`. */
  readonly out: string
  /** Requests a second of both clients together. */
  readonly rate: number
  readonly users: number
  readonly models: number
  readonly seed?: number
  readonly tag?: string
  readonly phase?: Phase
}

/** What `GET /stats` answers: the clients' own measurements, nothing else. */
export interface ClientsReport extends Summary {
  readonly phase: Phase
  readonly v4Live: boolean
  readonly failures: readonly Failure[]
}

export interface Clients {
  readonly port: number
  report(): ClientsReport
  ledger(): LedgerRecord
  setPhase(phase: Partial<Phase>): Promise<void>
  stop(): Promise<void>
}

/** Loops of each client: so many of its requests may be under way at once. */
const loops = 6
const keptFailures = 200

export async function startClients(given: ClientsOptions): Promise<Clients> {
  mkdirSync(given.out, { recursive: true })
  const stats = new Stats()
  const ledger = new Ledger()
  const failures: Failure[] = []
  let phase: Phase = given.phase ?? { v3: 'on', v4: 'off' }
  let live = false
  let ended = false
  let busy = 0

  const failed = (failure: Failure): void => {
    if (failures.length < keptFailures) failures.push(failure)
    appendFileSync(join(given.out, 'failures.jsonl'), `${JSON.stringify(failure)}\n`)
  }
  const leave = (): void => {
    live = false
    ledger.forgetV4()
  }
  const turnedAway = (answer: Answered): boolean => {
    const away = phase.v4 === 'auto' && answer.status === 404 && answer.version.startsWith('3.')
    if (away) leave()
    return away
  }
  const v4Works = (): boolean => phase.v4 === 'on' || (phase.v4 === 'auto' && live)
  const common = { rate: () => given.rate / (v4Works() && phase.v3 === 'on' ? 2 : 1), stats, failed }
  const v3 = caller({ ...common, client: 'v3', url: given.gateway, turnedAway: () => false })
  const v4 = caller({ ...common, client: 'v4', url: given.v4 ?? given.gateway, turnedAway })

  const ground = { ledger, users: given.users, models: given.models, tag: given.tag ?? 'a' }
  const seed = given.seed ?? 1
  const asV3 = { dialect: v3Dialect, caller: v3 }
  const asV4 = { dialect: v4Dialect, caller: v4 }
  const workers = {
    v3: worker({ ...ground, ...asV3, seed, other: () => (v4Works() ? asV4 : null) }),
    v4: worker({ ...ground, ...asV4, seed: seed + 1, other: () => asV3 }),
  }
  const loop = async (work: () => Promise<void>, on: () => boolean): Promise<void> => {
    while (!ended) {
      if (!on()) await sleep(20)
      else {
        busy++
        await work().finally(() => busy--)
      }
    }
  }
  const running = Promise.all([
    ...Array.from({ length: loops }, () => loop(workers.v3, () => phase.v3 === 'on')),
    ...Array.from({ length: loops }, () => loop(workers.v4, v4Works)),
    watchV4(
      v4,
      () => ended,
      () => phase.v4 === 'auto',
      (now) => (live = now),
    ),
  ])
  const setPhase = async (wanted: Partial<Phase>): Promise<void> => {
    phase = { ...phase, ...wanted }
    if (phase.v4 === 'off') leave()
    // whoever asks for silence is answered when it is silent
    while (phase.v3 === 'off' && phase.v4 === 'off' && busy > 0) await sleep(5)
  }
  const report = (from?: number, to?: number): ClientsReport => ({
    ...stats.summary(from, to),
    phase,
    v4Live: v4Works(),
    failures,
  })
  const writer = setInterval(() => appendFileSync(join(given.out, 'stats.jsonl'), lastSecond(stats)), 1_000)
  const control = await serve({
    host: '127.0.0.1',
    port: given.controlPort,
    version: 'clients',
    routes: controlRoutes(report, ledger, setPhase),
  })
  const stop = async (): Promise<void> => {
    ended = true
    await running
    clearInterval(writer)
    v3.close()
    v4.close()
    writeFileSync(join(given.out, 'ledger.json'), JSON.stringify(ledger.record()))
    writeFileSync(join(given.out, 'summary.json'), JSON.stringify(report()))
    await control.stop()
  }
  return { port: control.port, report, ledger: () => ledger.record(), setPhase, stop }
}

/** While `wanted`: asks whether v4 answers, ten times a second. Only v4's own word counts. */
async function watchV4(
  v4: Caller,
  ended: () => boolean,
  wanted: () => boolean,
  found: (live: boolean) => void,
): Promise<void> {
  while (!ended()) {
    if (wanted()) {
      const answer = await v4.look('/api/v1/health')
      if (answer?.status === 200 && answer.version.startsWith('4.')) found(true)
    }
    await sleep(100)
  }
}

function lastSecond(stats: Stats): string {
  const now = Math.floor(Date.now() / 1_000) * 1_000
  return `${JSON.stringify({ at: new Date(now - 1_000).toISOString(), ...stats.summary(now - 1_000, now) })}\n`
}

function controlRoutes(
  report: (from?: number, to?: number) => ClientsReport,
  ledger: Ledger,
  setPhase: (phase: Partial<Phase>) => Promise<void>,
): readonly Route[] {
  const time = (asked: Asked, name: string): number | undefined => {
    const text = asked.query.get(name)
    if (text === null) return undefined
    const value = Number(text)
    if (!Number.isFinite(value)) throw new Refusal(422, `"${name}" must be milliseconds since 1970`)
    return value
  }
  return [
    ['GET', '/stats', async (asked) => reply(report(time(asked, 'from'), time(asked, 'to')))],
    ['GET', '/ledger', async () => reply(ledger.record())],
    ['GET', '/phase', async () => reply(report().phase)],
    [
      'PUT',
      '/phase',
      async (asked) => {
        await setPhase(phaseFrom(asked.body))
        return reply(report().phase)
      },
    ],
  ]
}

function phaseFrom(body: Readonly<Record<string, unknown>>): Partial<Phase> {
  const { v3, v4, ...rest } = body
  if (Object.keys(rest).length > 0) throw new Refusal(422, 'a phase has "v3" and "v4"')
  if (v3 !== undefined && v3 !== 'on' && v3 !== 'off') throw new Refusal(422, '"v3" must be "on" or "off"')
  if (v4 !== undefined && v4 !== 'on' && v4 !== 'off' && v4 !== 'auto')
    throw new Refusal(422, '"v4" must be "on", "off" or "auto"')
  return { ...(v3 === undefined ? {} : { v3 }), ...(v4 === undefined ? {} : { v4 }) }
}

if (process.argv[1] === import.meta.filename) {
  const given = options(['gateway', 'v4', 'control-port', 'out', 'rate', 'users', 'models', 'seed', 'tag', 'v4-phase'])
  await program('clients', () => {
    if (given.gateway === undefined) throw new Error('--gateway http://… says whom to ask')
    const v4 = phaseFrom({ v4: given['v4-phase'] ?? 'off' }).v4 ?? 'off'
    return startClients({
      gateway: given.gateway,
      ...(given.v4 === undefined ? {} : { v4: given.v4 }),
      controlPort: Number(given['control-port'] ?? 0),
      out: given.out ?? 'clients',
      rate: Number(given.rate ?? 150),
      users: Number(given.users ?? 100_000),
      models: Number(given.models ?? 20_000),
      seed: Number(given.seed ?? 1),
      tag: given.tag ?? 'a',
      phase: { v3: 'on', v4 },
    })
  })
}
