/** A configuration file of a service: YAML with `${NAME}` filled in from the environment or the `.env` beside it. Knows no key. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'

export interface Settings {
  readonly path: string
  has(key: string): boolean
  /** Dotted keys. Throws with the file and the key when there is none (and no `otherwise`) or it has another type. */
  text(key: string, otherwise?: string | null): string
  number(key: string, otherwise?: number): number
  flag(key: string, otherwise?: boolean): boolean
  list(key: string): readonly string[]
  /** A path; relative ones start at the folder of the file. */
  file(key: string): string
  /** A secret by the name it has in the environment, or null. */
  secret(name: string): string | null
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads it now; throws when it is not YAML or names a secret that is not there. */
export function readSettings(path: string, environment: Environment): Settings {
  const folder = dirname(resolve(path))
  const secrets: Environment = { ...dotenv(join(folder, '.env')), ...environment }
  const tree: unknown = fill(parse(readFileSync(path, 'utf8')), secrets, path)
  const wrong = (key: string, wanted: string) => new Error(`${path}: "${key}" must be ${wanted}`)
  const get = (key: string): unknown =>
    key.split('.').reduce((at, part) => (at as Record<string, unknown> | null | undefined)?.[part], tree)
  const typed = <T extends string | number | boolean>(
    key: string,
    type: 'string' | 'number' | 'boolean',
    otherwise: T | null | undefined,
  ): T => {
    const value = get(key) ?? otherwise
    if (typeof value !== type) throw wrong(key, `a ${type}`)
    return value as T
  }
  return {
    path,
    has: (key) => get(key) !== undefined,
    text: (key, otherwise) => typed(key, 'string', otherwise),
    number: (key, otherwise) => typed(key, 'number', otherwise),
    flag: (key, otherwise) => typed(key, 'boolean', otherwise),
    list: (key) => {
      const value = get(key) ?? []
      if (!Array.isArray(value)) throw wrong(key, 'a list')
      return value.map(String)
    },
    file: (key) => resolve(folder, typed<string>(key, 'string', undefined)),
    secret: (name) => secrets[name] ?? null,
  }
}

function fill(value: unknown, secrets: Environment, path: string): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
      const secret = secrets[name]
      if (secret === undefined) throw new Error(`${path}: \${${name}} is neither in the environment nor in .env`)
      return secret
    })
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, secrets, path))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, secrets, path)]))
}

function dotenv(path: string): Record<string, string> {
  if (!existsSync(path)) return {}
  const lines = readFileSync(path, 'utf8').split('\n')
  const pairs = lines.map((line) => /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line.trim())).filter((pair) => pair !== null)
  return Object.fromEntries(pairs.map(([, name, value]) => [name!, value!.replace(/^(["'])(.*)\1$/, '$2')]))
}
