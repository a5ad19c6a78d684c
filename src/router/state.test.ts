import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { lens } from '../lens/index.ts'
import { checkMigration, createRouter, followSettings, stateMigration, stateSwitch } from './index.ts'

interface StateOne {
  readonly items: readonly { readonly id: string; readonly fee: number }[]
  readonly note: string
}
interface StateTwo {
  readonly items: readonly { readonly id: string; readonly fee: number }[]
  readonly index: { readonly [id: string]: number }
}

const forward = ({ items }: StateOne): StateTwo => ({
  items,
  index: Object.fromEntries(items.map((item, i) => [item.id, i])),
})
const byHand = stateMigration<StateOne, StateTwo>({
  forward,
  backward: ({ items }, was) => ({ items, note: was?.note ?? '' }),
})

const codes = (found: readonly { level: string; code: string; data?: unknown }[]) =>
  found.map(({ level, code, data }) => [level, code, (data as { path: string }).path])

describe('the check of a migration', () => {
  const states: readonly StateOne[] = [
    { items: [{ id: 'a', fee: 1 }], note: 'kept?' },
    { items: [], note: 'also' },
  ]

  it('names by its path what comes back only with the former state', () => {
    const found = checkMigration(byHand, states)
    expect(codes(found)).toEqual([['risk', 'state.lost', '/note']])
    expect(found[0]?.message).toBe(
      'there and back loses what stands here, unless the former state is kept: "/note" (2 states)',
    )
  })

  it('calls a note what the migration says of itself', () => {
    const said = stateMigration<StateOne, StateTwo>({ ...byHand, lost: { forward: ['note'] } })
    expect(codes(checkMigration(said, states))).toEqual([['note', 'state.lost-as-said', '/note']])
  })

  it('checks the other side too', () => {
    expect(checkMigration(byHand, [forward(states[0]!)], { side: 'second' })).toEqual([])
  })

  it('blocks what loses for good, refuses, touches its input, or is not steady', () => {
    let count = 0
    const cases: readonly [Partial<typeof byHand>, string, string][] = [
      [{ backward: ({ items }) => ({ items: items.slice(0, 0), note: '' }) }, 'state.broken', '/items/*'],
      [
        {
          forward: () => {
            throw new Error('no such item')
          },
        },
        'state.refused',
        'no such item',
      ],
      [{ forward: (state) => (((state as { note: string }).note = ''), forward(state)) }, 'state.touched', '/note'],
      [{ forward: (state) => ({ ...forward(state), index: { n: count++ } }) }, 'state.unsteady', '/index/n'],
    ]
    for (const [more, code, path] of cases)
      expect(codes(checkMigration({ ...byHand, ...more }, structuredClone(states)))).toContainEqual([
        'block',
        code,
        path,
      ])
  })

  it('takes states of maps, sets, dates, bytes and big integers', () => {
    const state = { map: new Map([['a', 1n]]), set: new Set([1]), at: new Date(5), bytes: new Uint8Array([1]) }
    const same = stateMigration<typeof state, typeof state>({ forward: (s) => s, backward: (s) => s })
    expect(checkMigration(same, [state])).toEqual([])
    const worse = stateMigration<typeof state, typeof state>({
      forward: (s) => s,
      backward: () => ({ map: new Map([['a', 2n]]), set: new Set([2]), at: new Date(6), bytes: new Uint8Array([2]) }),
    })
    expect(
      codes(checkMigration(worse, [state]))
        .filter(([, code]) => code === 'state.broken')
        .map(([, , path]) => path),
    ).toEqual(['/map/*', '/set/*', '/at', '/bytes'])
  })

  it('works for a lens, which says itself what it loses', () => {
    interface Sync {
      readonly status: string
      readonly peers: readonly { readonly url: string; readonly seen: number }[]
    }
    const sync = lens<Sync>()
      .rename('status', 'sync_status')
      .each('peers', (peer) => peer.remove('seen').add('score', 100), 'url')
      .rename('peers', 'peer_connections')
    const migration = stateMigration<Sync, object>({ lens: sync })
    const state = { status: 'idle', peers: [{ url: 'http://a', seen: 5 }] }
    expect(migration.forward(state)).toEqual({
      sync_status: 'idle',
      peer_connections: [{ url: 'http://a', score: 100 }],
    })
    expect(codes(checkMigration(migration, [state]))).toEqual([['note', 'state.lost-as-said', '/peers/*/seen']])
    expect(() => stateMigration({ lens: lens<Sync>().fn('./x.ts#f', 'peers') })).toThrow('"./x.ts#f"')
  })
})

/** Two stores of texts in different shapes, with methods of each nature. */
class ListStore {
  items: string[] = []
  async write(item: string): Promise<void> {
    await sleep(1)
    this.items.push(item)
  }
  writeNow(item: string): void {
    this.items.push(item)
  }
  read(): readonly string[] {
    return [...this.items].sort()
  }
}
class SetStore {
  items = new Set<string>()
  async write(item: string): Promise<void> {
    await sleep(1)
    this.items.add(item)
  }
  writeNow(item: string): void {
    this.items.add(item)
  }
  read(): readonly string[] {
    return [...this.items].sort()
  }
}

interface Shapes {
  readonly list: { items: string[]; owner: string }
  readonly set: { items: Set<string> }
}
function stores(pauseMs: number) {
  const [one, two] = [new ListStore(), new SetStore()]
  const router = createRouter({ module: 'store', versions: { v1: one, v2: two }, reads: ['read'] })
  const wait = <T>(value: T): T | Promise<T> => (pauseMs === 0 ? value : sleep(pauseMs).then(() => value))
  let owner = 'ann'
  const moves = stateSwitch({
    router,
    first: {
      version: 'v1',
      export: () => wait<Shapes['list']>({ items: [...one.items], owner }),
      import: (state: Shapes['list']) => {
        one.items = [...state.items]
        owner = state.owner
        return wait(undefined)
      },
    },
    second: {
      version: 'v2',
      export: () => wait<Shapes['set']>({ items: new Set(two.items) }),
      import: (state: Shapes['set']) => {
        two.items = new Set(state.items)
        return wait(undefined)
      },
    },
    migration: stateMigration<Shapes['list'], Shapes['set']>({
      forward: ({ items }) => ({ items: new Set(items) }),
      backward: ({ items }, was) => ({ items: [...items], owner: was?.owner ?? '' }),
    }),
    accept: ['state.lost'],
  })
  return { router, moves, one, two, owner: () => owner }
}

describe('a switch with its state', () => {
  it.each([0, 5])('loses no write, there and back, while calls go on (hooks that take %i ms)', async (pauseMs) => {
    const { router, moves, owner } = stores(pauseMs)
    const written: string[] = []
    let going = true
    const writer = async (name: string) => {
      for (let at = 0; going; at++) {
        await router.calls.write(`${name}-${at}`)
        written.push(`${name}-${at}`)
      }
    }
    const writers = ['a', 'b', 'c'].map(writer)
    for (const version of ['v2', 'v1', 'v2', 'v1']) {
      await sleep(10)
      const done = await moves.to(version)
      expect([done.version, router.decision, moves.version]).toEqual([version, version, version])
      // The whole of what was written is there at once.
      expect(router.calls.read()).toEqual(expect.arrayContaining(written))
    }
    going = false
    await Promise.all(writers)
    expect(router.calls.read()).toEqual([...written].sort())
    expect(owner()).toBe('ann')
    expect(router.metrics().versions).toMatchObject({ v1: { errors: 0 }, v2: { errors: 0 } })
  })

  it('does nothing where the state is there already', async () => {
    const { moves } = stores(0)
    expect(await moves.to('v1')).toMatchObject({ attempts: 0 })
    await expect(moves.to('v3')).rejects.toThrow('"v3" is neither "v1" nor "v2"')
  })

  it('knows who holds the state, also where a variable decided, and does one switch after the other', async () => {
    const { one, two } = stores(0)
    const router = createRouter({
      module: 'store',
      versions: { v1: one, v2: two },
      reads: ['read'],
      decide: [{ environment: 'V' }, 'v1'],
      environment: { V: 'v2' },
    })
    const hooks = (store: { items: Iterable<string> }, make: (items: readonly string[]) => unknown) => ({
      export: () => sleep(2).then(() => [...store.items]),
      import: (items: readonly string[]) => {
        store.items = make(items) as Iterable<string>
      },
    })
    const moves = stateSwitch({
      router,
      first: { version: 'v1', ...hooks(one, (items) => [...items]) },
      second: { version: 'v2', ...hooks(two, (items) => new Set(items)) },
      migration: stateMigration<readonly string[], readonly string[]>({
        forward: (state) => state,
        backward: (state) => state,
      }),
    })
    expect(moves.version).toBe('v2')
    await router.calls.write('a')
    const [first, second] = [moves.to('v1'), moves.to('v1')]
    await first
    await router.calls.write('b')
    await second
    expect([moves.version, router.calls.read()]).toEqual(['v1', ['a', 'b']])
  })

  it('waits for candidates that write, so that nothing comes late', async () => {
    const { one, two } = stores(0)
    two.write = async (item) => {
      await sleep(20)
      two.items.add(item)
    }
    const router = createRouter({
      module: 'store',
      versions: { v1: one, v2: two },
      reads: ['read'],
      shadow: { candidate: 'v2', percent: 100, also: ['write'] },
    })
    await router.calls.write('a')
    expect(two.items.size).toBe(0)
    await router.pause(() => expect(two.items.size).toBe(1))
  })

  it('is given up where calls that cannot wait keep writing, and the old version goes on', async () => {
    const { router, moves, one } = stores(5)
    const timer = setInterval(() => router.calls.writeNow(`n${one.items.length}`), 1)
    await expect(moves.to('v2')).rejects.toThrow('calls wrote to "v1" each of the 3 times')
    clearInterval(timer)
    expect([router.decision, moves.version]).toEqual(['v1', 'v1'])
    const before = one.items.length
    router.calls.writeNow('more')
    expect(router.calls.read()).toHaveLength(before + 1)
    await moves.to('v2')
    expect(router.calls.read()).toContain('more')
  })

  it('is given up where the state does not arrive whole, or a hook fails', async () => {
    const { router, two, moves } = stores(0)
    router.calls.writeNow('x')
    Object.defineProperty(two, 'items', { get: () => new Set(), set: (_items: unknown) => {}, configurable: true })
    await expect(moves.to('v2')).rejects.toThrow('did not arrive whole in "v2": it differs at "/items/*"')
    Object.defineProperty(two, 'items', {
      set: () => {
        throw new Error('full')
      },
      configurable: true,
    })
    await expect(moves.to('v2')).rejects.toThrow('full')
    expect(router.calls.read()).toEqual(['x'])
    await router.calls.write('y')
    expect(router.calls.read()).toEqual(['x', 'y'])
  })

  it('does not wait for ever for calls under way', async () => {
    const router = createRouter({ module: 'm', versions: { v1: { hang: async () => sleep(60) } } })
    const hanging = router.calls.hang()
    await expect(router.pause(() => 1, 5)).rejects.toThrow('1 calls were still under way after 5 ms')
    await hanging
    expect((await router.pause(() => 2, 5)).result).toBe(2)
  })
})

describe('a settings file', () => {
  it('is followed by several modules; what is wrong in it leaves the last good', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'changeover-router-'))
    const path = join(folder, 'settings.json')
    const write = (value: unknown) =>
      writeFileSync(path, typeof value === 'string' ? value : JSON.stringify({ mana: value }))
    const [pool, sync] = ['pool', 'sync'].map((module) =>
      createRouter({ module, versions: { v1: { which: () => 1 }, v2: { which: () => 2 } } }),
    )
    write({ pool: 'v2', sync: 'v1' })
    const troubles: (string | null)[] = []
    const followed = await followSettings(
      { path, at: ['mana'], everyMs: 5, troubled: (error) => troubles.push(error?.message ?? null) },
      { pool: (setting) => pool!.set(setting as 'v1'), sync: (setting) => sync!.set(setting as 'v1') },
    )
    const which = () => [pool!.calls.which(), sync!.calls.which()]
    try {
      expect(which()).toEqual([2, 1])
      write({ pool: { percent: { v2: 0 } }, sync: 'v2' })
      await expect.poll(which, { interval: 5 }).toEqual([1, 2])
      // One that is refused does not keep the other from its own.
      write({ pool: 'v9', sync: 'v1' })
      await followed.look()
      expect(which()).toEqual([1, 1])
      expect(followed.trouble()?.message).toContain('"v9"')
      write('{ "mana": ')
      await followed.look()
      expect(followed.trouble()?.message).toContain('cannot be read')
      expect(which()).toEqual([1, 1])
      write({ pool: 'v2' })
      await followed.look()
      expect([followed.trouble(), ...which()]).toEqual([null, 2, 1])
      expect(troubles.at(-1)).toBeNull()
      await expect(followSettings({ path, at: ['no'] }, {})).rejects.toThrow('holds no object at "no"')
    } finally {
      followed.stop()
      rmSync(folder, { recursive: true })
    }
  })
})
