/** Who may ask the flag server: the tokens of one variable, or a file of callers with the flags of each. Shows no token, nor anything that could be one. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { z } from 'zod'
import { formatOf, openConfig } from '../../config/index.ts'
import { ChangeoverError, suggestion } from '../../core/errors.ts'
import { complaintOf, protoIn, showPath } from '../../core/shape.ts'
import type { Caller } from '../../server/index.ts'
import type { Door } from '../door.ts'

export interface CallerOptions {
  readonly tokens?: string
  readonly callers?: string
}

const token = /^(?:env:(?<variable>[A-Za-z_]\w*)|sha256:(?<digest>[0-9a-fA-F]{64}))$/

const shape = z.record(
  z.string().min(1),
  z.strictObject({
    token: z.custom<string>(
      (given) => typeof given === 'string' && token.test(given),
      'is neither `env:NAME` nor `sha256:` and 64 hexadecimal digits; a token itself does not stand in the file',
    ),
    flags: z.array(z.string().min(1)).min(1).optional(),
    needsKey: z.boolean().default(false),
  }),
)

/** None: anybody may ask. Throws `usage.invalid`, `secret.missing`. */
export function callersOf({ tokens, callers }: CallerOptions, door: Door): readonly Caller[] {
  if (tokens !== undefined && callers !== undefined)
    throw new ChangeoverError(
      'usage.invalid',
      '--tokens and --callers both say who may ask',
      'name every caller in the file of `--callers`',
    )
  if (callers !== undefined) return inFile(callers, door)
  return tokens === undefined ? [] : inVariable(tokens, door)
}

/** Tokens come by the environment: a command line can be read by everyone on the machine. */
function inVariable(variable: string, door: Door): readonly Caller[] {
  const tokens = valueOf(variable, door)
    .split(',')
    .map((each) => each.trim())
  const given = [...new Set(tokens.filter((each) => each !== ''))]
  if (given.length === 0) throw missing(variable, door)
  return given.map((each, at) => ({ name: `token-${at + 1}`, token: each }))
}

function inFile(path: string, door: Door): readonly Caller[] {
  const read = shape.safeParse(contentOf(path, door))
  const file = basename(path)
  if (!read.success) {
    // Without the value: what stands in the wrong place may be a token.
    const { message, known } = complaintOf(read.error.issues, shape, undefined, (at) => `${file}: ${showPath(at)}`)
    const usual = 'write each as `web: { token: env:WEB_TOKEN, flags: [web-*], needsKey: true }`'
    throw new ChangeoverError('usage.invalid', message, known ?? usual)
  }
  const callers = Object.entries(read.data).map(([name, { token: given, flags, needsKey }]): Caller => {
    const { variable, digest = '' } = token.exec(given)?.groups ?? {}
    const sha256 = variable === undefined ? digest.toLowerCase() : digestOf(valueOf(variable, door))
    return { name, token: { sha256 }, needsKey, ...(flags === undefined ? {} : { flags }) }
  })
  if (callers.length === 0)
    throw new ChangeoverError('usage.invalid', `${file} names no caller`, 'without `--callers` anybody may ask')
  return withoutTwins(callers, file)
}

function contentOf(path: string, door: Door): unknown {
  let text: string
  try {
    text = readFileSync(resolve(door.cwd, path), 'utf8')
  } catch (cause) {
    const why = (cause as { readonly code?: string }).code === 'ENOENT' ? 'is not there' : 'cannot be read'
    const message = `the file of callers "${path}" ${why}`
    throw new ChangeoverError('usage.invalid', message, '`changeover docs flags` shows one', { cause })
  }
  const format = formatOf(path)
  if (format === 'yaml' || format === 'json') {
    const value: unknown = openConfig(basename(path), text, format).value()
    if (protoIn(value) === undefined) return value
  }
  const message = `the file of callers "${path}" is neither JSON nor YAML with names of callers`
  throw new ChangeoverError('usage.invalid', message, '`changeover docs flags` shows one')
}

/** Of two with one token, one would never be known. */
function withoutTwins(callers: readonly Caller[], file: string): readonly Caller[] {
  const known = new Map<string, string>()
  for (const { name, token: given } of callers) {
    const { sha256 } = given as { readonly sha256: string }
    const other = known.get(sha256)
    if (other !== undefined)
      throw new ChangeoverError(
        'usage.invalid',
        `${file}: "${other}" and "${name}" have the same token`,
        'give each caller its own',
      )
    known.set(sha256, name)
  }
  return callers
}

function valueOf(variable: string, door: Door): string {
  const value = door.env[variable] ?? ''
  if (value === '') throw missing(variable, door)
  return value
}

function missing(variable: string, door: Door): ChangeoverError {
  const message = `"${variable}" is not in the environment${suggestion(variable, Object.keys(door.env))}`
  return new ChangeoverError('secret.missing', message, `export ${variable}=… and run the same command again`)
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
