/** Fills `${NAME}` from the environment, remembers what was filled in, and takes it out of all that is written. Knows no target. */
import { ChangeoverError, suggestion } from '../core/errors.ts'
import { isObject, type Json } from '../core/json.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export class Secrets {
  readonly #environment: Environment
  readonly #values = new Map<string, string>()

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** The same value with every `${NAME}` filled in. `where` is for the message. Throws `secret.missing`. */
  fill(value: unknown, where: string): unknown {
    if (typeof value === 'string')
      return value.replace(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => this.#take(name, where))
    if (Array.isArray(value)) return value.map((each) => this.fill(each, where))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.fill(each, where)]))
  }

  #take(name: string, where: string): string {
    const value = this.#environment[name]
    if (value === undefined || value === '') {
      const message = `${where} needs "${name}", which the environment does not have${suggestion(name, Object.keys(this.#environment))}`
      throw new ChangeoverError('secret.missing', message, `export ${name}=… and run the same command again`)
    }
    this.#values.set(name, value)
    for (const part of passwordsIn(value)) this.#values.set(`${name}:password`, part)
    return value
  }

  /** Text in which each value that was filled in is its name again. Short values are left: they would match by chance. */
  redactText(text: string): string {
    const longest = [...this.#values].filter(([, value]) => value.length >= 4).sort((a, b) => b[1].length - a[1].length)
    return longest.reduce((now, [name, value]) => now.replaceAll(value, `\${${name}}`), text)
  }

  redact<T>(value: T): T {
    return walk(value as Json, (text) => hideInUrl(this.redactText(text))) as T
  }
}

/** The password of a URL is a secret even where the plan file has it in the open. */
function hideInUrl(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]+):([^\s@/$]+)@/gi, '$1:***@')
}

function passwordsIn(value: string): readonly string[] {
  try {
    const { password } = new URL(value)
    return password === '' ? [] : [decodeURIComponent(password)]
  } catch {
    return []
  }
}

function walk(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((each: Json) => walk(each, change))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each, change)]))
}
