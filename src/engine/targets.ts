/** Opens the targets of a run once each, makes sure they are the ones it began on, and closes them. Knows no kind. */
import { ChangeoverError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Target } from '../core/kind.ts'
import type { Facts } from '../core/plan.ts'
import type { Bench } from './bench.ts'

export interface Targets {
  /** The number of the claim under which the targets are written. */
  readonly fence: number
  get(name: string): Promise<Target>
  /** The configuration that a target was opened with, secrets filled in: for threads of this process only. */
  config(name: string): { readonly adapter: string; readonly config: unknown }
  observe(names: readonly string[]): Promise<Facts>
  identities(): Promise<{ readonly [target: string]: string }>
  close(): Promise<void>
}

export interface TargetsOptions {
  readonly run: string
  readonly fence: number
  /** Takes part under a fence that another process set. */
  readonly joins?: boolean
  readonly signal: AbortSignal
  /** What each target was when the run was opened. */
  readonly identities?: { readonly [target: string]: string }
}

export function openTargets(bench: Bench, options: TargetsOptions): Targets {
  const open = new Map<string, Promise<Target>>()
  const config = (name: string) => {
    const declared = bench.asked.targets[name]
    if (!declared)
      throw new ChangeoverError(
        'plan.unknown-target',
        `target "${name}" is not declared`,
        `declare "${name}" under \`targets:\``,
      )
    return { adapter: declared.adapter, config: bench.secrets.fill(declared.config, `target "${name}"`) }
  }
  const get = (name: string): Promise<Target> => {
    const known = open.get(name)
    if (known) return known
    const opening = openTarget(bench, name, config(name), options)
    open.set(name, opening)
    opening.catch(() => open.delete(name))
    return opening
  }
  return {
    fence: options.fence,
    get,
    config,
    observe: async (names) =>
      Object.fromEntries(
        await Promise.all(names.map(async (name) => [name, (await (await get(name)).observe()) as Json] as const)),
      ),
    identities: async () =>
      Object.fromEntries(
        await Promise.all(
          Object.keys(bench.asked.targets).map(async (name) => [name, await (await get(name)).identity()] as const),
        ),
      ),
    close: async () => {
      const opened = await Promise.allSettled(open.values())
      await Promise.allSettled(opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value.close()] : [])))
    },
  }
}

async function openTarget(
  bench: Bench,
  name: string,
  declared: { adapter: string; config: unknown },
  options: TargetsOptions,
): Promise<Target> {
  const adapter = bench.adapters.get(declared.adapter)
  if (!adapter)
    throw new ChangeoverError(
      'plan.unknown-target',
      `target "${name}" has no adapter "${declared.adapter}"`,
      'run `changeover docs adapters` for the list',
    )
  const read = adapter.shape.safeParse(declared.config)
  if (!read.success) {
    const lines = read.error.issues.map(
      (issue: { path: readonly PropertyKey[]; message: string }) =>
        `targets.${name}.config.${issue.path.map(String).join('.')}: ${issue.message}`,
    )
    throw new ChangeoverError(
      'plan.invalid',
      lines.join('; '),
      `a valid config of ${adapter.name}: ${JSON.stringify(adapter.example)}`,
    )
  }
  const target = (await adapter.open(read.data, {
    run: options.run,
    fence: options.fence,
    base: bench.base,
    signal: options.signal,
  })) as Target
  try {
    await mustBeTheSame(name, target, options)
    if (options.fence > 0 && !options.joins) await target.fence()
    return target
  } catch (error) {
    await target.close()
    throw error
  }
}

async function mustBeTheSame(name: string, target: Target, options: TargetsOptions): Promise<void> {
  const noted = options.identities?.[name]
  if (noted === undefined) return
  const now = await target.identity()
  if (now === noted) return
  const message = `target "${name}" is ${now}, but run "${options.run}" was opened on ${noted}`
  throw new ChangeoverError(
    'target.wrong',
    message,
    `point "${name}" at the system the run was started on, or start a new run`,
  )
}
