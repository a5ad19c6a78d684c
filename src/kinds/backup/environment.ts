/** The environment as it may be saved: variables of some prefixes, a secret as a reference to itself. Never shows a secret. */
import type { LeftOut } from '../../backup/index.ts'
import { decodeConfig, isSecretKey, openConfig } from '../../config/index.ts'
import { ChangeoverError } from '../../core/errors.ts'
import type { FileReader } from '../../core/ports/index.ts'

export type EnvironmentRule = {
  readonly files: readonly string[]
  /** A function of the plan, `./file.ts#name`, that gives variables by name. */
  readonly from: string | null
  readonly prefixes: readonly string[]
  readonly secrets: 'reference' | 'keep'
}

/** One env file to save: its text, and what of it was left out. */
export interface SavedEnvironment {
  readonly path: string
  readonly text: string
  readonly left: readonly LeftOut[]
}

interface Source {
  readonly on: { readonly source: FileReader }
  load(reference: string): Promise<unknown>
}

/** The env files that the rule names, and the variables that its function gives as `environment.env`. */
export async function environmentText(rule: EnvironmentRule | null, at: Source): Promise<readonly SavedEnvironment[]> {
  if (rule === null) return []
  const saved: SavedEnvironment[] = []
  for (const path of await at.on.source.list(rule.files)) {
    const bytes = await at.on.source.read(path)
    if (bytes !== null) saved.push(filtered(path, decodeConfig(path, bytes), rule))
  }
  if (rule.from === null) return saved
  const given = await variables(rule.from, at)
  const text = Object.entries(given).reduce(
    (made, [name, value]) => made.set(name, value),
    openConfig('environment.env', '', 'env'),
  )
  return [...saved, filtered('environment.env', text.text(), rule)]
}

async function variables(reference: string, at: Source): Promise<Readonly<Record<string, string>>> {
  const loaded = await at.load(reference)
  const given: unknown = typeof loaded === 'function' ? await (loaded as () => unknown)() : loaded
  if (typeof given === 'object' && given !== null && Object.values(given).every((each) => typeof each === 'string'))
    return given as Record<string, string>
  throw new ChangeoverError('plan.module', `"${reference}" gives no variables`, 'return an object of texts by name')
}

/** Comments stay; other variables go; a secret becomes `NAME=${NAME}`. */
function filtered(path: string, text: string, rule: EnvironmentRule): SavedEnvironment {
  let env = openConfig(path, text, 'env')
  const left: LeftOut[] = []
  for (const name of env.keys()) {
    const value = env.get(name)
    if (!rule.prefixes.some((prefix) => name.startsWith(prefix))) {
      env = env.remove(name)
      left.push({ path, what: `the variable ${name}`, why: 'it has none of the prefixes' })
    } else if (rule.secrets === 'reference' && isSecret(name, value) && value !== `\${${name}}`) {
      env = env.set(name, `\${${name}}`)
      left.push({ path, what: `the value of ${name}`, why: `a secret: the backup holds a reference to it` })
    }
  }
  return { path, text: env.text(), left }
}

/** A secret by its name, or an address that carries a password. */
function isSecret(name: string, value: unknown): boolean {
  return isSecretKey(name) || (typeof value === 'string' && /:\/\/[^/\s:@]*:[^/\s@]+@/.test(value))
}
