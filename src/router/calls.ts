/** What the versions of a module have in common: the methods that can be routed. Knows no decision. */
import { ChangeoverError } from '../core/errors.ts'

/** The versions of a module by name, the first the one in use so far: objects, instances of classes, or modules. */
export type Versions = { readonly [name: string]: object }
/** The name of a version. */
export type NameOf<V extends Versions> = keyof V & string

type Method = (...args: never[]) => unknown
type Any<V extends Versions> = V[keyof V]

/** The methods that every version has, with the types that all of them agree on. */
export type Calls<V extends Versions> = {
  readonly [K in keyof Any<V> as Any<V>[K] extends Method ? K : never]: Any<V>[K]
}
/** The name of a method that every version has. */
export type MethodOf<V extends Versions> = keyof Calls<V> & string

/** One call, as a decision sees it. `context` is what `router.for(context)` or `contextOf` says. */
export interface Call<Context = unknown> {
  readonly method: string
  readonly args: readonly unknown[]
  readonly context: Context | undefined
}

/** The names of the methods that every version has, its own or inherited, in the order of the first. */
export function commonMethods(versions: readonly object[]): readonly string[] {
  const [first = new Set<string>(), ...others] = versions.map(methodsOf)
  return [...first].filter((name) => others.every((other) => other.has(name)))
}

function methodsOf(version: object): ReadonlySet<string> {
  const names = new Set<string>()
  let holder: object | null = version
  while (holder !== null && holder !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder)))
      if (typeof value === 'function' && name !== 'constructor') names.add(name)
    holder = Object.getPrototypeOf(holder) as object | null
  }
  return names
}

/** Throws `router.invalid` for a method that not every version has. */
export function mustBeMethods(named: readonly string[], methods: readonly string[], where: string): void {
  const missing = named.find((name) => !methods.includes(name))
  if (missing === undefined) return
  throw new ChangeoverError(
    'router.invalid',
    `"${missing}", named in ${where}, is no method of every version`,
    `name some of ${methods.map((name) => `"${name}"`).join(', ')}`,
  )
}
