/** The store of flags that a command means: a file, or a target of the plan. */
import { ChangeoverError, suggestion } from '../../core/errors.ts'
import type { Target } from '../../core/kind.ts'
import type { Common, Door } from '../door.ts'

export interface StoreOptions extends Common {
  readonly store?: string
  readonly target?: string
}

export interface OpenStore {
  readonly target: Target<'flags'>
  close(): Promise<void>
}

export async function openFlagStore(options: StoreOptions, door: Door, signal: AbortSignal): Promise<OpenStore> {
  return options.store === undefined ? openPlanned(options, door, signal) : openFile(options.store, door, signal)
}

async function openFile(path: string, door: Door, signal: AbortSignal): Promise<OpenStore> {
  const { flagFile } = await import('../../adapters/flag-file/index.ts')
  const target = await flagFile.open({ path }, { run: 'flags', fence: 0, base: door.cwd, signal })
  return { target, close: () => target.close() }
}

async function openPlanned(options: StoreOptions, door: Door, signal: AbortSignal): Promise<OpenStore> {
  const [{ openBenchFor }, { openTargets }] = await Promise.all([
    import('../open.ts'),
    import('../../engine/targets.ts'),
  ])
  const bench = await openBenchFor(options, door)
  // No claim: the store itself refuses a change that was decided on another version.
  const targets = openTargets(bench, { run: 'flags', fence: 0, signal })
  const close = async (): Promise<void> => {
    await targets.close()
    await bench.close()
  }
  try {
    const stores = Object.keys(bench.asked.targets).filter(
      (name) => bench.adapters.get(bench.asked.targets[name]?.adapter ?? '')?.port === 'flags',
    )
    return { target: (await targets.get(chosen(stores, options.target))) as unknown as Target<'flags'>, close }
  } catch (error) {
    await close()
    throw error
  }
}

function chosen(stores: readonly string[], named: string | undefined): string {
  const [only] = stores
  const names = stores.map((name) => `"${name}"`).join(', ')
  if (only === undefined)
    throw new ChangeoverError(
      'usage.invalid',
      'the plan has no target with flags',
      'declare one, such as `flags: { adapter: flag-file, config: { path: ./flags.json } }`, or name a file with `--store`',
    )
  if (named === undefined && stores.length > 1)
    throw new ChangeoverError(
      'usage.invalid',
      `the plan has several targets with flags: ${names}`,
      'name one: `--target`',
    )
  if (named === undefined || stores.includes(named)) return named ?? only
  const message = `the plan has no target "${named}" with flags${suggestion(named, stores)}`
  throw new ChangeoverError('usage.unknown', message, `targets with flags: ${names}`)
}
