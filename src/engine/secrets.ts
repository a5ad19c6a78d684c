/** Fills `${NAME}` from the environment, remembers what was filled in, and takes it out of all that is written. Knows no target. */
import { ChangeoverError, suggestion } from '../core/errors.ts'
import type { Happening } from '../core/event.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Plan } from '../core/plan.ts'

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
    for (const [index, part] of passwordsIn(value).entries())
      this.#values.set(`${name}${':password'.repeat(index + 1)}`, part)
    return value
  }

  /** Text in which each value that was filled in is its name again. Short ones and bare numbers are left: they would match by chance. */
  redactText(text: string): string {
    const telling = [...this.#values].filter(([, value]) => value.length >= 4 && !/^\d{1,6}$/.test(value))
    const longest = telling.sort((a, b) => b[1].length - a[1].length)
    return hidePasswords(longest.reduce((now, [name, value]) => now.replaceAll(value, `\${${name}}`), text))
  }

  /** The same for every text in a value. */
  redact<T>(value: T): T {
    return walk(value as Json, (text) => this.redactText(text)) as T
  }

  /**
   * An event as the journal may hold it. What a person reads is redacted; what a kind goes on from (work, facts, `at` of a mark) is kept as it is:
   * a key that happens to equal a password must come back unharmed, and no kind ever sees a credential.
   */
  redactEvent(what: Happening): Happening {
    switch (what.type) {
      case 'run.opened':
      case 'run.amended':
        return { ...what, plan: this.redactPlan(what.plan) }
      case 'step.marked':
        return what.mark?.note === undefined
          ? what
          : { ...what, mark: { ...what.mark, note: this.redactText(what.mark.note) } }
      case 'step.failed':
      case 'finding.made':
      case 'run.paused':
      case 'run.turned':
      case 'run.settled':
        return this.redact(what)
      default:
        return what
    }
  }

  redactPlan(plan: Plan): Plan {
    const steps = plan.steps.map((step) => ({
      ...step,
      preview: this.redact(step.preview),
      locks: this.redact(step.locks),
    }))
    return { ...plan, asked: withoutPasswords(plan.asked), steps, findings: this.redact(plan.findings) }
  }
}

/** A password that stands in a plan file in the open is hidden even there. */
export function withoutPasswords<T>(value: T): T {
  return walk(value as Json, hidePasswords) as T
}

function hidePasswords(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):([^\s@/$]+)@/gi, '$1:***@')
    .replace(/\bpassword=(?!\$\{)('[^']*'|[^\s&]+)/gi, 'password=***')
}

function passwordsIn(value: string): readonly string[] {
  try {
    const { password } = new URL(value)
    return password === '' ? [] : [password, decodeURIComponent(password)]
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
