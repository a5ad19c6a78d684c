/** One method of a module with its function in each version, and what is known of it. */
import { Tally } from './tally.ts'

export type Answering = (this: unknown, ...args: never[]) => unknown

export interface Route {
  readonly name: string
  /** By version: what is called, on what, and what came of it. */
  readonly functions: readonly Answering[]
  readonly objects: readonly object[]
  readonly tallies: readonly Tally[]
  readonly reads: boolean
  readonly shadowed: boolean
  /** Its callers get a promise from every version, so that a call can be held. */
  readonly waits: boolean
  readonly timeEvery: number
}

export interface RouteOptions {
  readonly reads: readonly string[]
  readonly waits: readonly string[]
  readonly also: readonly string[]
  readonly timeEvery: number
}

export function routesOf(
  methods: readonly string[],
  objects: readonly object[],
  options: RouteOptions,
): readonly Route[] {
  return methods.map((name) => {
    const functions = objects.map((object) => (object as Readonly<Record<string, Answering>>)[name]!)
    const reads = options.reads.includes(name)
    return {
      name,
      functions,
      objects,
      tallies: objects.map(() => new Tally()),
      reads,
      shadowed: reads || options.also.includes(name),
      waits: options.waits.includes(name) || functions.every((each) => each.constructor.name === 'AsyncFunction'),
      timeEvery: options.timeEvery,
    }
  })
}
