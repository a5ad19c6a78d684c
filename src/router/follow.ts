/** Follows a settings file: what it says of each module is handed on when it changes; a file that cannot be read leaves the last good. */
import { readFileSync } from 'node:fs'
import { ChangeoverError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { isObject } from '../core/json.ts'

/** A settings file that is followed. */
export interface Followed {
  /** What is wrong with the file as it is now, or null. */
  readonly trouble: () => Error | null
  /** Looks at once, and resolves when what changed was taken. */
  look(): Promise<void>
  stop(): void
}

/** Which file `followSettings` follows, and how. */
export interface FollowOptions {
  readonly path: string
  /** The keys that lead to the object of settings by module: `['mana', 'module_versions']`. The whole file unless said. */
  readonly at?: readonly string[]
  /** Parses the text; JSON unless given. */
  readonly parse?: (text: string) => unknown
  /** 250 unless said. */
  readonly everyMs?: number
  /** Hears of trouble when it begins and, with null, when it is over. */
  readonly troubled?: (trouble: Error | null) => void
}

/** By module: what to do with what the file says of it. A module that the file does not name keeps what it has. */
export type Taken = { readonly [module: string]: (setting: Json) => void | Promise<void> }

/**
 * `followSettings({ path }, { transaction_pool: (setting) => router.set(setting as …) })`. The file is read before this returns, and throws
 * what is wrong with it then; what is wrong later is `trouble()`. A module whose setting is refused does not keep the others from theirs.
 */
export async function followSettings(options: FollowOptions, taken: Taken): Promise<Followed> {
  const last = new Map<string, string>()
  let bytes: string | undefined
  let trouble: Error | null = null
  const read = async (): Promise<void> => {
    const text = readFileSync(options.path, 'utf8')
    if (text === bytes) return
    // Noted only when all of it was taken: a switch that was given up is tried again at the next look.
    await takeAll(settingsIn(text, options), taken, last)
    bytes = text
    told(null)
  }
  const told = (now: Error | null): void => {
    const news = now?.message !== trouble?.message
    trouble = now
    if (news) options.troubled?.(now)
  }
  await read()
  let turn: Promise<void> = Promise.resolve()
  const look = (): Promise<void> =>
    (turn = turn.then(read).catch((error: unknown) => told(error instanceof Error ? error : new Error(String(error)))))
  const timer = setInterval(() => void look(), options.everyMs ?? 250)
  timer.unref()
  return { trouble: () => trouble, look, stop: () => clearInterval(timer) }
}

function settingsIn(text: string, { path, at = [], parse = JSON.parse }: FollowOptions): JsonObject {
  let value: Json | undefined
  try {
    value = parse(text) as Json
  } catch (error) {
    throw new ChangeoverError(
      'router.invalid',
      `"${path}" cannot be read: ${String(error)}`,
      'correct the file; the last settings stay',
      { cause: error },
    )
  }
  for (const key of at) value = isObject(value) ? value[key] : undefined
  if (isObject(value)) return value
  const where = at.length === 0 ? '' : ` at "${at.join('.')}"`
  throw new ChangeoverError(
    'router.invalid',
    `"${path}" holds no object${where}`,
    'write the modules with their versions there',
  )
}

async function takeAll(settings: JsonObject, taken: Taken, last: Map<string, string>): Promise<void> {
  const refused: unknown[] = []
  for (const [module, take] of Object.entries(taken)) {
    const setting = settings[module]
    if (setting === undefined || last.get(module) === JSON.stringify(setting)) continue
    try {
      await take(setting)
      last.set(module, JSON.stringify(setting))
    } catch (error) {
      refused.push(error)
    }
  }
  if (refused.length > 0) throw refused[0]
}
