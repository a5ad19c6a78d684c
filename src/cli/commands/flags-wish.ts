/** What the options of `flags set` wish of a flag, or what is wrong with them. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Sides } from '../../flags/index.ts'
import { type Wish, wishFields } from '../../kinds/flags/wish.ts'

export interface WishOptions {
  readonly enabled?: string
  readonly percent?: string
  readonly allowList?: string
  readonly denyList?: string
  readonly nodes?: string
  readonly users?: boolean
  readonly sides?: string
}

/** Throws `usage.invalid`. */
export function wishOf(options: WishOptions): Wish {
  const { enabled, percent, allowList, denyList, nodes, users, sides } = options
  if (nodes !== undefined && users)
    throw new ChangeoverError('usage.invalid', '--nodes and --users exclude each other', 'name one of them')
  return {
    ...(enabled === undefined ? {} : { enabled: booleanOf(enabled) }),
    ...(percent === undefined ? {} : { percent: percentOf(percent) }),
    ...(allowList === undefined ? {} : { allow: namesOf(allowList) }),
    ...(denyList === undefined ? {} : { deny: namesOf(denyList) }),
    ...(nodes === undefined ? {} : { nodes: attributeOf(nodes) }),
    ...(users ? { nodes: null } : {}),
    ...(sides === undefined ? {} : { sides: sidesOf(sides) }),
  }
}

function booleanOf(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new ChangeoverError(
    'usage.invalid',
    `--enabled is "${text}", not true or false`,
    'for example `--enabled false`',
  )
}

function percentOf(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (wishFields.percent.safeParse(value).success) return value
  const message = `--percent is "${text}", not 0 to 100 in steps of 0.01`
  throw new ChangeoverError('usage.invalid', message, 'for example `--percent 12.5`')
}

function attributeOf(text: string): string {
  if (wishFields.nodes.safeParse(text).success) return text
  throw new ChangeoverError('usage.invalid', '--nodes is empty', 'name the attribute, for example `--nodes hostname`')
}

function sidesOf(text: string): Sides {
  const [on = '', off = '', ...more] = text.split(',').map((name) => name.trim())
  if (on !== '' && off !== '' && more.length === 0) return { on, off }
  throw new ChangeoverError(
    'usage.invalid',
    `--sides is "${text}", not two variants by a comma`,
    'the new one first, for example `--sides blue,red`',
  )
}

function namesOf(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  return [...new Set(names.filter((name) => name !== ''))]
}
