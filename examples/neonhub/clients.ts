/** Clients of both versions that read and write all the time, and remember what they wrote. Asked over a control port, stopped by SIGTERM. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Failure } from './clients/caller.ts'
import { type CrewOptions, startCrew } from './clients/crew.ts'
import { Ledger, type LedgerRecord } from './clients/ledger.ts'
import { type Phase, Presence } from './clients/presence.ts'
import { Stats, type Summary } from './clients/stats.ts'
import { isProgram, options, program } from '../stage/program.ts'
import { type Asked, Refusal, reply, type Route, serve } from './service/serve.ts'

export interface ClientsOptions extends CrewOptions {
  readonly controlPort: number
  /** Holds `stats.jsonl`, `failures.jsonl` and, at the end, `ledger.json` and `summary.json`. */
  readonly out: string
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

const keptFailures = 200

export async function startClients(given: ClientsOptions): Promise<Clients> {
  mkdirSync(given.out, { recursive: true })
  const stats = new Stats()
  const ledger = new Ledger()
  const failures: Failure[] = []
  const presence = new Presence(given.phase ?? { v3: 'on', v4: 'off' }, () => ledger.forgetV4())
  const failed = (failure: Failure): void => {
    if (failures.length < keptFailures) failures.push(failure)
    appendFileSync(join(given.out, 'failures.jsonl'), `${JSON.stringify(failure)}\n`)
  }
  const crew = startCrew(given, presence, ledger, stats, failed)
  const report = (from?: number, to?: number): ClientsReport => ({
    ...stats.summary(from, to),
    phase: presence.phase,
    v4Live: presence.v4Works,
    failures,
  })
  const setPhase = async (wanted: Partial<Phase>): Promise<void> => {
    presence.set(wanted)
    // whoever asks for silence is answered when it is silent
    while (!presence.v3Works && !presence.v4Works && crew.busy() > 0) await sleep(5)
  }
  const routes = controlRoutes(report, ledger, setPhase)
  const control = await serve({ host: '127.0.0.1', port: given.controlPort, version: 'clients', routes })
  const writer = setInterval(() => appendFileSync(join(given.out, 'stats.jsonl'), lastSecond(stats)), 1_000)
  const stop = async (): Promise<void> => {
    await crew.stop()
    clearInterval(writer)
    writeFileSync(join(given.out, 'ledger.json'), JSON.stringify(ledger.record()))
    writeFileSync(join(given.out, 'summary.json'), JSON.stringify(report()))
    await control.stop()
  }
  return { port: control.port, report, ledger: () => ledger.record(), setPhase, stop }
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

if (isProgram(import.meta.filename)) {
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
