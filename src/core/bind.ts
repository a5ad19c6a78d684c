/** A plan's words against the kinds and adapters there are: kind, roles, spec, configuration. Needs no target and no environment. */
import type { z } from 'zod'
import type { Asked, AskedStep } from './asked.ts'
import { ChangeoverError, isChangeoverError, suggestion, throwTogether } from './errors.ts'
import type { Adapters, AnyKind, Kinds } from './kind.ts'
import type { Roles } from './ports/index.ts'
import { complaintOf, type Locate, type Path, showPath } from './shape.ts'

/** What binds: `locate` says where a path of this step stands, relative to the step. */
export interface Binding {
  readonly kinds: Kinds
  readonly adapters: Adapters
  readonly locate?: Locate | undefined
}

/** Everything that can be known to be wrong before anything is opened, all of it at once. Throws `plan.*`, naming where each stands. */
export function mustBeKnown(asked: Asked, known: Omit<Binding, 'locate'>, locate: Locate): void {
  const bindAt = (step: AskedStep, path: Path) =>
    mistakesOf(step, asked, { ...known, locate: (more) => locate([...path, ...more]) })
  const wrong = [
    ...Object.entries(asked.targets).map(([name, target]) =>
      mistake(() => mustFitAdapter(name, target, known.adapters, locate)),
    ),
    ...asked.steps.flatMap((step, index) => [
      ...bindAt(step, ['steps', index]),
      ...(step.guards ?? []).flatMap((guard, at) => bindAt(guard, ['steps', index, 'guards', at])),
    ]),
  ]
  throwTogether(wrong.filter((each) => each !== undefined))
}

/** A step of an unknown kind is not looked at further; roles and spec of a known one are wrong or right each for itself. */
function mistakesOf(step: AskedStep, asked: Asked, binding: Binding): readonly (ChangeoverError | undefined)[] {
  const locate = locateIn(step, binding)
  const lost = mistake(() => findKind(step, binding.kinds, locate))
  if (lost !== undefined) return [lost]
  const kind = findKind(step, binding.kinds, locate)
  return [
    mistake(() => bindRoles(step, kind.roles as Roles, asked, binding.adapters, locate)),
    mistake(() => readSpec(step, kind, locate)),
  ]
}

function mistake(look: () => unknown): ChangeoverError | undefined {
  try {
    look()
    return undefined
  } catch (error) {
    if (isChangeoverError(error)) return error
    throw error
  }
}

export interface Bound {
  readonly kind: AnyKind
  readonly on: { readonly [role: string]: string }
  readonly spec: unknown
}

export function bindStep(step: AskedStep, asked: Asked, binding: Binding): Bound {
  const locate = locateIn(step, binding)
  const kind = findKind(step, binding.kinds, locate)
  const on = bindRoles(step, kind.roles as Roles, asked, binding.adapters, locate)
  return { kind, on, spec: readSpec(step, kind, locate) }
}

function locateIn(step: AskedStep, { locate }: Binding): Locate {
  if (locate) return (path) => `${locate(path)}: step "${step.id}"`
  return (path) => `step "${step.id}"${path[0] === 'spec' ? `: ${showPath(path)}` : ''}`
}

function findKind(step: AskedStep, kinds: Kinds, locate: Locate): AnyKind {
  const kind = kinds.get(step.kind)
  if (kind) return kind
  const message = `${locate(['kind'])} is of kind "${step.kind}", which is not known${suggestion(step.kind, kinds.keys())}`
  throw new ChangeoverError('plan.unknown-kind', message, 'run `changeover docs kinds` for the list')
}

/** `on: db` names the target of the only role; with several roles each is named. */
function bindRoles(
  step: AskedStep,
  roles: Roles,
  asked: Asked,
  adapters: Adapters,
  locate: Locate,
): { readonly [role: string]: string } {
  const names = Object.keys(roles)
  const on = typeof step.on === 'string' ? { [names[0] ?? '']: step.on } : (step.on ?? {})
  const wanted = `kind "${step.kind}" needs ${names.map((role) => `${role}: a ${roles[role]} target`).join(', ') || 'no target'}`
  for (const [role, target] of Object.entries(on)) {
    const at = locate(typeof step.on === 'string' ? ['on'] : ['on', role])
    if (!names.includes(role))
      throw new ChangeoverError(
        'plan.unknown-key',
        `${at} names a role "${role}" that is not known${suggestion(role, names)}`,
        wanted,
      )
    const declared = asked.targets[target]
    if (!declared) {
      const message = `${at} uses target "${target}", which is not declared${suggestion(target, Object.keys(asked.targets))}`
      const help = `declare "${target}" under \`targets:\`, or name one that is`
      throw new ChangeoverError('plan.unknown-target', message, help)
    }
    const port = adapters.get(declared.adapter)?.port
    if (port !== roles[role]) {
      const message = `${at} uses "${target}" as "${role}", but "${target}" is a ${port} target (${declared.adapter})`
      throw new ChangeoverError('plan.wrong-port', message, wanted)
    }
  }
  const missing = names.find((role) => on[role] === undefined)
  if (missing !== undefined)
    throw new ChangeoverError('plan.invalid', `${locate(['on'])} has no target for role "${missing}"`, wanted)
  return on
}

const longestExample = 200

function readSpec(step: AskedStep, kind: AnyKind, locate: Locate): unknown {
  const value = step.spec ?? {}
  const shape = kind.spec as z.ZodType
  const read = shape.safeParse(value)
  if (read.success) return read.data
  const { code, message, known } = complaintOf(read.error.issues, shape, value, locate, ['spec'])
  const example = JSON.stringify(kind.example)
  const docs = `see \`changeover docs ${step.kind}\``
  // What does not fit a line or two is read where it is laid out.
  const help = example.length > longestExample ? docs : `a valid spec of ${step.kind}: ${example}; ${docs}`
  throw new ChangeoverError(code, message, known === undefined ? help : `${known}; ${help}`)
}

/** What stands for a value of the environment is judged when the target is opened. */
function mustFitAdapter(name: string, target: Asked['targets'][string], adapters: Adapters, locate: Locate): void {
  const adapter = adapters.get(target.adapter)
  if (!adapter) {
    const message = `${locate(['targets', name, 'adapter'])}: there is no adapter "${target.adapter}"${suggestion(target.adapter, adapters.keys())}`
    throw new ChangeoverError('plan.invalid', message, `adapters there are: ${[...adapters.keys()].join(', ')}`)
  }
  const shape = adapter.shape as z.ZodType
  const read = shape.safeParse(target.config)
  if (read.success) return
  const sure = read.error.issues.filter((issue) => !waits(target.config, issue.path))
  if (sure.length === 0) return
  const { code, message, known } = complaintOf(sure, shape, target.config, locate, ['targets', name, 'config'])
  const help = `a valid config of ${adapter.name}: ${JSON.stringify(adapter.example)}`
  throw new ChangeoverError(code, message, known === undefined ? help : `${known}; ${help}`)
}

function waits(value: unknown, path: readonly PropertyKey[]): boolean {
  const at = path.reduce<unknown>(
    (now, key) => (typeof now === 'object' && now !== null ? Reflect.get(now, key) : undefined),
    value,
  )
  return typeof at === 'string' && at.includes('${')
}
