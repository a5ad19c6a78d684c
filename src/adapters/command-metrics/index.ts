/** The adapter `command-metrics`: the metrics port on a command that prints a number or JSON. A query is a JSON pointer into what it prints. */
import { execFile } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { isObject, type Json } from '../../core/json.ts'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { Measured } from '../../core/ports/index.ts'
import { metricsTarget, readNumber } from '../../metrics/index.ts'

const config = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe('The program and its arguments; no shell reads them. It runs in the folder of the plan.'),
  env: z.record(z.string(), z.string()).default({}).describe('Added to the environment; never shown.'),
  timeoutMs: z.int().min(1).default(10_000).describe('It is ended after so many milliseconds.'),
})

export type CommandMetricsConfig = z.input<typeof config>
type Settings = z.output<typeof config>

export const commandMetrics = defineAdapter({
  name: 'command-metrics',
  port: 'metrics',
  summary: 'A command that prints a number, or JSON of which a JSON pointer names a part.',
  ...withDefaults(config, openTarget),
  example: { command: ['node', 'tools/pool-size.mjs', '--json'] },
  tools: { language: 'a JSON pointer: "" for the whole, "/pool/size" for a part', json: true },
})

async function openTarget(settings: Settings, who: Opener): Promise<Target<'metrics'>> {
  setMaxListeners(0, who.signal)
  const port = {
    measure: async (query: string) => pick(query, await run(settings, who), settings),
    runsProgram: true as const,
  }
  return metricsTarget(`command-metrics:${who.base}:${settings.command[0] ?? ''}`, port)
}

function run(settings: Settings, who: Opener): Promise<string> {
  who.signal.throwIfAborted()
  const [program = '', ...args] = settings.command
  const options = {
    cwd: who.base,
    env: { ...process.env, ...settings.env },
    timeout: settings.timeoutMs,
    killSignal: 'SIGKILL' as const,
    maxBuffer: 16 * 1024 * 1024,
    signal: who.signal,
  }
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout)
      else if (who.signal.aborted) reject(who.signal.reason as Error)
      else reject(broken(settings, error, stderr))
    })
  })
}

function broken(
  settings: Settings,
  error: { code?: string | number | null; killed?: boolean; message: string },
  stderr: string,
): ChangeoverError {
  const program = settings.command[0] ?? ''
  const last = hide(settings, stderr.trim().split('\n').at(-1) ?? '').slice(0, 300)
  const why = error.killed
    ? `it did not end in ${settings.timeoutMs} ms`
    : typeof error.code === 'number'
      ? `it ended with ${error.code}`
      : String(error.code)
  return new ChangeoverError(
    'target.unreachable',
    `"${program}" did not measure: ${why}${last === '' ? '' : `: ${last}`}`,
    'run it by hand in the folder of the plan',
  )
}

function hide(settings: Settings, text: string): string {
  return Object.values(settings.env)
    .filter((value) => value.length >= 8)
    .reduce((shown, value) => shown.replaceAll(value, '(secret)'), text)
}

/** What is not there is an empty answer; texts that are numbers are numbers, and all else is what it is. */
function pick(query: string, printed: string, settings: Settings): Measured {
  if (query !== '' && !query.startsWith('/'))
    throw refused(`"${query}" is no JSON pointer`, 'write "" for the whole, "/a/0" for a part')
  const at = Date.now()
  const found = resolve(parse(printed, settings), query)
  if (found === undefined || found === null) return { value: [], at }
  const single = numberOf(found)
  if (single !== undefined) return { value: single, at }
  const values = Array.isArray(found) ? found.map((each: Json) => numberOf(each)) : [undefined]
  return { value: values.every((each) => each !== undefined) ? values : found, at }
}

function parse(printed: string, settings: Settings): Json {
  const text = printed.trim()
  const word = numberOf(text)
  if (word !== undefined) return text
  try {
    return JSON.parse(text) as Json
  } catch {
    const shown = hide(settings, text).slice(0, 80)
    throw refused(
      `"${settings.command[0] ?? ''}" prints neither a number nor JSON: "${shown}"`,
      'let it print one, and nothing else, on its standard output',
    )
  }
}

function resolve(value: Json, pointer: string): Json | undefined {
  const parts = pointer.split('/').slice(1)
  return parts.reduce<Json | undefined>((at, part) => {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(at)) return /^\d+$/.test(key) ? (at as readonly Json[])[Number(key)] : undefined
    return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }, value)
}

/** Numbers, and texts that are numbers: JSON has no word for NaN and the infinities. */
function numberOf(value: Json): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? readNumber(value) : undefined
}

function refused(message: string, help: string): ChangeoverError {
  return new ChangeoverError('target.failed', message, help)
}
