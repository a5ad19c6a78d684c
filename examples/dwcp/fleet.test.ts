/** Small fleets of real processes: machines move whole in any mix of versions, through kills, cuts, flags and the way back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exercise } from './exercise.ts'
import { FaultProxy } from './fault-proxy.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { Load } from './load.ts'
import { newSettings } from './node/setting-rules.ts'
import { downgrade, type StateV3 } from './node/state.ts'
import { codecsReady } from './pages/codecs.ts'
import { type Feature, features, type Version } from './wire/features.ts'

const root = mkdtempSync(join(tmpdir(), 'dwcp-fleet-'))
const fleets: Fleet[] = []
beforeAll(codecsReady)
afterAll(async () => {
  await Promise.all(fleets.map((each) => each.stop()))
  rmSync(root, { recursive: true })
})

async function start(nodes: number, version: Version | ((id: string) => Version), machines: number): Promise<Fleet> {
  const fleet = await startFleet({ folder: mkdtempSync(join(root, 'f-')), nodes, version, machines, pages: 48 })
  fleets.push(fleet)
  return fleet
}
function turnOn(fleet: Fleet, on: readonly Feature[]): void {
  const flag = (name: Feature) => ({
    state: 'ENABLED',
    variants: { on: true, off: false },
    defaultVariant: on.includes(name) ? 'on' : 'off',
  })
  writeFileSync(fleet.flags, JSON.stringify({ flags: Object.fromEntries(features.map((name) => [name, flag(name)])) }))
}
const set = (fleet: Fleet, values: Parameters<typeof newSettings>[0]): void =>
  writeFileSync(fleet.settings, JSON.stringify(newSettings(values)))
async function until(what: string, isSo: () => Promise<boolean>, seconds = 60): Promise<void> {
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(100))
    if (await isSo()) return
  throw new Error(`not within ${seconds} s: ${what}`)
}
interface Status {
  readonly version: Version
  readonly flags: readonly string[]
  readonly features: Readonly<Record<string, readonly string[]>>
  readonly modes: Readonly<Record<string, string>>
  readonly groups: Readonly<Record<string, { readonly algorithm: string; readonly epoch: number }>>
  readonly machines: readonly { readonly machine: string }[]
}
const status = (fleet: Fleet, id: string) => fleet.get<Status>(id, '/status')
const algorithms = async (fleet: Fleet) =>
  new Set(
    (await Promise.all(fleet.nodes.map(({ id }) => status(fleet, id)))).map((each) => each.groups['g1']?.algorithm),
  )
/** Every machine is there once: what moved or started last has settled. */
async function whole(fleet: Fleet, machines: number): Promise<void> {
  await expect.poll(() => fleet.verify(), { timeout: 60_000 }).toEqual({ machines, problems: [] })
}
/** Both have heard of the other that it has these, and no more. */
const agreed = (fleet: Fleet, one: string, other: string, wanted: readonly Feature[]) =>
  until(`${one} and ${other} agree on ${wanted.join() || 'nothing'}`, async () => {
    const [a, b] = await Promise.all([status(fleet, one), status(fleet, other)])
    return [a.features[other], b.features[one]].every((each) => each?.join() === wanted.join())
  })
async function figure(fleet: Fleet, id: string, line: RegExp): Promise<number> {
  const found = (await fleet.get<string>(id, '/metrics')).split('\n').filter((each) => line.test(each))
  return found.reduce((sum, each) => sum + Number(each.split(' ').at(-1)), 0)
}
const mix = { migrate: 3, read: 3, propose: 1, note: 1 }

describe('versions side by side', () => {
  let fleet: Fleet
  beforeAll(async () => {
    fleet = await start(4, 'v1', 6)
    turnOn(fleet, features)
  })

  it.each([0, 1, 2, 4])('%i of 4 nodes have v3: nothing fails, every machine is once and whole', async (count) => {
    for (const { id, version } of fleet.nodes.slice(0, count))
      if (version === 'v1') await fleet.restart(id, { version: 'v3' })
    await until(
      'every machine runs',
      async () =>
        (await Promise.all(fleet.nodes.map(({ id }) => status(fleet, id)))).reduce(
          (sum, each) => sum + each.machines.length,
          0,
        ) === 6,
    )
    const load = new Load({ fleet: fleet.file, rate: 25, mix })
    await until('users were served', async () => load.figures().served > 30)
    await load.stop()
    const { failed, reasons } = load.figures()
    expect([failed, reasons]).toEqual([0, {}])
    expect(await fleet.verify()).toEqual({ machines: 6, problems: [] })
    await agreed(fleet, 'n01', 'n04', count === 4 ? features : [])
    if (count === 4) await until('PBFT', async () => [...(await algorithms(fleet))].join() === 'pbft')
    else expect([...(await algorithms(fleet))]).toEqual(['raft'])
  })

  it('goes on when a node is killed, and takes its machines up when it is back', async () => {
    const [{ machine } = { machine: '' }] = (await status(fleet, 'n02')).machines
    await fleet.node('n02').kill()
    const other = (await status(fleet, 'n01')).machines[0]?.machine ?? ''
    if (other !== '')
      expect(await fleet.post('n01', '/propose', { machine: other, label: 'without n02' })).toEqual({ done: true })
    await fleet.restart('n02')
    if (machine !== '')
      await until('it is back', async () =>
        (await status(fleet, 'n02')).machines.some((each) => each.machine === machine),
      )
    // It may have had others too, which come up after it.
    await whole(fleet, 6)
  })

  it('goes back to v1 with its state, or says what would be lost', async () => {
    const machines = (await status(fleet, 'n03')).machines.length
    const refused = downgrade(await fleet.get<StateV3>('n03', '/state'))
    expect(refused.done ? [] : refused.losses.join()).toContain('take it back to Raft first')
    turnOn(fleet, [])
    await until('Raft', async () => [...(await algorithms(fleet))].join() === 'raft')
    await fleet.node('n03').stop()
    const state = JSON.parse(
      await import('node:fs').then((fs) => fs.readFileSync(fleet.stateFile('n03'), 'utf8')),
    ) as StateV3
    const done = downgrade(state)
    if (!done.done) throw new Error(done.losses.join())
    await fleet.restart('n03', { version: 'v1', state: done.state })
    await until('its machines run', async () => (await status(fleet, 'n03')).machines.length === machines)
    await whole(fleet, 6)
    expect(await figure(fleet, 'n03', /^dwcp_machine_reboots_total/)).toBe(0)
  })
})

describe('a fleet of v3', () => {
  let fleet: Fleet
  let proxy: FaultProxy
  beforeAll(async () => {
    fleet = await start(5, 'v3', 5)
    proxy = new FaultProxy(fleet.file)
  })

  it('takes flags as they come, and counts what it still does the v1 way', async () => {
    turnOn(fleet, ['ml_compression'])
    await agreed(fleet, 'n01', 'n02', ['ml_compression'])
    const before = await figure(fleet, 'n01', /compat_calls_total.*path="codec"/)
    await fleet.post('n01', '/migrate', { machine: 'm001', to: 'n02' })
    expect(await figure(fleet, 'n01', /dwcp_pages_total.*codec="(lz4|zstd)"/)).toBeGreaterThan(0)
    expect(await figure(fleet, 'n01', /compat_calls_total.*path="codec"/)).toBe(before)
    turnOn(fleet, [])
    await agreed(fleet, 'n02', 'n03', [])
    await fleet.post('n02', '/migrate', { machine: 'm001', to: 'n03' })
    expect(await figure(fleet, 'n02', /compat_calls_total.*path="codec"/)).toBeGreaterThan(0)
  })

  it('sees that a peer is far, uses streams, and that it is near again', async () => {
    turnOn(fleet, ['hybrid_mode', 'internet_optimization'])
    set(fleet, {
      // Far from what a machine that is busy with others takes for a neighbour.
      'mode_detector.latency_threshold': '150ms',
      'mode_detector.jitter_threshold': '1s',
      'mode_detector.samples': 2,
    })
    await proxy.set([{ from: 'n03', to: 'n04', delayMs: 200 }])
    await until('internet', async () => (await status(fleet, 'n03')).modes['n04'] === 'internet')
    await fleet.post('n03', '/migrate', { machine: 'm001', to: 'n04' })
    expect(await figure(fleet, 'n03', /dwcp_page_transfer_seconds_count.*mode="internet"/)).toBeGreaterThan(0)
    await proxy.clear()
    await until('datacenter', async () => (await status(fleet, 'n03')).modes['n04'] === 'datacenter')
    await whole(fleet, 5)
  })

  it('has no machine twice when its owner is cut off while it moves', async () => {
    turnOn(fleet, [])
    set(fleet, { 'acp.consensus_timeout': '300ms' })
    const moving = fleet.post('n04', '/migrate', { machine: 'm001', to: 'n05' }).catch((error: Error) => error.message)
    await proxy.partition(['n04'])
    await moving
    await expect(fleet.post('n04', '/migrate', { machine: 'm001', to: 'n05' })).rejects.toThrow(/502|409/)
    await proxy.clear()
    await whole(fleet, 5)
    set(fleet, {})
  })

  it('moves machines on purpose between nodes that share a feature, and says where there are not two', async () => {
    const nodes = fleet.nodes.map(({ id, url }) => ({ id, admin: url }))
    const chosen = async () => {
      const each = await Promise.all(nodes.map(({ id }) => figure(fleet, id, /^dwcp_pages_chosen_total/)))
      return each.reduce((sum, pages) => sum + pages, 0)
    }
    turnOn(fleet, [])
    const inForce = async () => {
      const all = await Promise.all(fleet.nodes.map(({ id }) => status(fleet, id)))
      return all.filter(({ flags }) => flags.length > 0).length
    }
    await until('off', async () => (await inForce()) === 0)
    await expect(exercise('ml_compression', nodes.slice(2, 3))).rejects.toThrow('in force on 0 nodes')
    turnOn(fleet, ['ml_compression'])
    await until('on', async () => (await inForce()) === nodes.length)
    const before = await chosen()
    expect(await exercise('ml_compression', nodes)).toEqual({ nodes: ['n01', 'n02', 'n03'], moves: 6 })
    // Each move takes every page of a machine at least once.
    expect((await chosen()) - before).toBeGreaterThanOrEqual(6 * 48)
  })

  it('refuses wrong pages of a broken encoder, sends them again, and counts them; with its flag off there are none', async () => {
    turnOn(fleet, ['ml_compression'])
    await fleet.restart('n02', { fault: 'corrupt-encoder' })
    await agreed(fleet, 'n01', 'n02', ['ml_compression'])
    const move = async (): Promise<void> => {
      const [held] = (await status(fleet, 'n02')).machines
      await fleet.post('n02', '/migrate', { machine: held?.machine, to: 'n01' })
      await fleet.post('n01', '/migrate', { machine: held?.machine, to: 'n02' })
    }
    await until('its machines are back', async () => (await status(fleet, 'n02')).machines.length > 0)
    await move()
    const refused = () => figure(fleet, 'n02', /dwcp_pages_refused_total.*reason="hash"/)
    const counted = await refused()
    expect(counted).toBeGreaterThan(0)
    turnOn(fleet, [])
    await agreed(fleet, 'n01', 'n02', [])
    await move()
    expect(await refused()).toBe(counted)
    await whole(fleet, 5)
  })

  it('tells everybody the notes', async () => {
    turnOn(fleet, ['crdt_sync'])
    await fleet.post('n01', '/notes', { machine: 'm003', note: 'from n01' })
    const told = async (id: string) => (await fleet.get<{ texts: string[] }>(id, '/notes/m003')).texts.join()
    for (const { id } of fleet.nodes) await until(`"${id}" knows`, async () => (await told(id)) === 'from n01')
  })

  it('drains: its machines go to others', async () => {
    const { kept } = await fleet.post<{ kept: number }>('n05', '/drain')
    expect([kept, (await status(fleet, 'n05')).machines]).toEqual([0, []])
    await whole(fleet, 5)
  })
})
