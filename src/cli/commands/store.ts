/** The store that a command means, of flags or of settings: a file, or a target of the plan. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ChangeoverError, isChangeoverError, suggestion } from '../../core/errors.ts'
import type { Opener, Target } from '../../core/kind.ts'
import type { Common, Door } from '../door.ts'
import { spelled } from '../spelled.ts'

export interface StoreOptions extends Common {
  readonly store?: string
  readonly target?: string
}

export interface OpenStore<P extends StorePort> {
  readonly target: Target<P>
  close(): Promise<void>
}

type StorePort = 'flags' | 'settings'

const openers: { readonly [P in StorePort]: (path: string, who: Opener) => Promise<Target<P>> } = {
  flags: async (path, who) => (await import('../../adapters/flag-file/index.ts')).flagFile.open({ path }, who),
  settings: async (path, who) =>
    (await import('../../adapters/settings-file/index.ts')).settingsFile.open({ path }, who),
}

const examples: { readonly [P in StorePort]: string } = {
  flags: 'flags: { adapter: flag-file, config: { path: ./flags.json } }',
  settings: 'settings: { adapter: settings-file, config: { path: ./settings.json } }',
}

const begun: { readonly [P in StorePort]: string } = {
  flags: '{"flags": {}}',
  settings: '{"settings": {}, "values": {}}',
}

export async function openStore<P extends StorePort>(
  port: P,
  options: StoreOptions,
  door: Door,
  signal: AbortSignal,
): Promise<OpenStore<P>> {
  if (options.store === undefined) return openPlanned(port, options, door, signal)
  if (options.target !== undefined)
    throw new ChangeoverError(
      'usage.invalid',
      '--store and --target exclude each other',
      '--store names a file, --target one of the plan',
    )
  if (!existsSync(resolve(door.cwd, options.store)))
    throw new ChangeoverError(
      'usage.unknown',
      `there is no file "${options.store}" with ${port}`,
      `name a file that is there, or begin one: \`echo '${begun[port]}' > ${options.store}\``,
    )
  const target = await openers[port](options.store, { run: port, fence: 0, base: door.cwd, signal })
  return { target, close: () => target.close() }
}

async function openPlanned<P extends StorePort>(
  port: P,
  options: StoreOptions,
  door: Door,
  signal: AbortSignal,
): Promise<OpenStore<P>> {
  const [{ openBenchFor }, { openTargets }] = await Promise.all([
    import('../open.ts'),
    import('../../engine/targets.ts'),
  ])
  const bench = await openBenchFor(options, door).catch((error: unknown) => {
    throw withoutPlan(error, port)
  })
  // No claim: the store itself refuses a change that was decided on another version.
  const targets = openTargets(bench, { run: port, fence: 0, signal })
  const close = async (): Promise<void> => {
    await targets.close()
    await bench.close()
  }
  try {
    const stores = Object.keys(bench.asked.targets).filter(
      (name) => bench.adapters.get(bench.asked.targets[name]?.adapter ?? '')?.port === port,
    )
    return { target: (await targets.get(chosen(port, stores, options.target))) as unknown as Target<P>, close }
  } catch (error) {
    await close()
    throw error
  }
}

function chosen(port: StorePort, stores: readonly string[], named: string | undefined): string {
  const [only] = stores
  const names = stores.map((name) => `"${name}"`).join(', ')
  if (only === undefined)
    throw new ChangeoverError(
      'usage.invalid',
      `the plan has no target with ${port}`,
      `declare one, such as \`${examples[port]}\`, or name a file with \`--store\``,
    )
  if (named === undefined && stores.length > 1)
    throw new ChangeoverError(
      'usage.invalid',
      `the plan has several targets with ${port}: ${names}`,
      'name one: `--target`',
    )
  if (named === undefined || stores.includes(named)) return named ?? only
  const message = `the plan has no target "${named}" with ${port}${suggestion(named, stores)}`
  throw new ChangeoverError('usage.unknown', message, `targets with ${port}: ${names}`)
}

/** Who has no plan may have a file all the same. */
function withoutPlan(error: unknown, port: StorePort): unknown {
  if (!isChangeoverError(error) || error.code !== 'plan.not-found') return error
  const help = `name a file with ${port}, such as \`--store ${port}.json\`, or a plan with \`--file\``
  return new ChangeoverError(error.code, error.message, help, { cause: error })
}

/** What a help proposes is about the store that was named: `changeover flags list` becomes `changeover flags list --store flags.json`. */
export function aboutThatStore(error: unknown, options: StoreOptions): unknown {
  if (!isChangeoverError(error)) return error
  const { store, target, file } = options
  const named = spelled('', { store, target, file }).replace(/^changeover /, '')
  const help = error.help.replace(/`(changeover (?:flags|config) [^`]+)`/g, (whole, command: string) =>
    named === '' || command.includes(' --store ') || command.includes(' --target ') ? whole : `\`${command}${named}\``,
  )
  return help === error.help
    ? error
    : new ChangeoverError(error.code, error.message, help, { cause: error, data: error.data })
}
