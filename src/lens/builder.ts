/** The lens spelled in TypeScript: each call is an operation, and the type of what comes out follows. `.data` is the lens as plain data. */
import type { Json } from '../core/json.ts'
import type { LensData, Operation } from './operations.ts'
import type { Condition } from './operations/nested.ts'
import type { Source } from './operations/object.ts'
import type { At, Converted, Dropped, DroppedAll, Hoisted, Kept, Keys, Moved, Plunged, Put, PutAll } from './shapes.ts'

type Field<B> = keyof B & string
type Default = { readonly now: true } | { readonly uuid: readonly string[] }
type Rule = 'first' | 'last' | 'refuse'
type Result<S, B> = S extends { readonly from: infer P extends string }
  ? At<B, Keys<P>>
  : S extends { readonly constant: infer V }
    ? V
    : S extends { readonly fields: infer F }
      ? { readonly [key in keyof F]: Result<F[key], B> }
      : string
type Taken<F> = { [key in keyof F]: F[key] extends { readonly from: infer P extends string } ? P : never }[keyof F]

/** From `A`, so far to `B`. Each method answers with the next lens; none is changed. */
export interface LensBuilder<A, B = A> {
  readonly data: LensData
  rename<From extends Field<B>, To extends string>(from: From, to: To): LensBuilder<A, Moved<B, From, To>>
  move<From extends string, To extends string>(from: From, to: To): LensBuilder<A, Moved<B, From, To>>
  hoist<Path extends Field<B>, F extends string>(path: Path, fields: readonly F[]): LensBuilder<A, Hoisted<B, Path, F>>
  plunge<Path extends string, F extends Field<B>>(path: Path, fields: readonly F[]): LensBuilder<A, Plunged<B, Path, F>>
  add<P extends string, const V extends Json>(
    path: P,
    value: V,
  ): LensBuilder<A, Put<B, P, V extends string ? string : V extends number ? number : V extends boolean ? boolean : V>>
  addFilled<P extends string>(path: P, how: Default): LensBuilder<A, Put<B, P, string>>
  remove<P extends string>(path: P, otherwise?: Json): LensBuilder<A, Dropped<B, P>>
  map<P extends string, const T extends { readonly [from: string]: Json }>(
    path: P,
    table: T,
    more?: { readonly inverse?: { readonly [to: string]: Json }; readonly others?: 'refuse' | 'keep' },
  ): LensBuilder<A, Put<B, P, Kept<At<B, Keys<P>>, T[keyof T]>>>
  convert<P extends string, W extends keyof Converted>(
    path: P,
    how: W,
    more?: { readonly by?: string; readonly digits?: number; readonly true?: string; readonly false?: string },
  ): LensBuilder<A, Put<B, P, Kept<At<B, Keys<P>>, Converted[W]>>>
  wrap<P extends string>(path: P): LensBuilder<A, Put<B, P, readonly NonNullable<At<B, Keys<P>>>[]>>
  unwrap<P extends string>(
    path: P,
  ): LensBuilder<A, Put<B, P, At<B, Keys<P>> extends readonly (infer Item)[] ? Item | null : unknown>>
  split<P extends string, const To extends readonly string[]>(
    from: P,
    to: To,
    separator: string,
    rule?: Rule,
  ): LensBuilder<A, PutAll<Dropped<B, P>, To, string | null>>
  join<const From extends readonly string[], P extends string>(
    from: From,
    to: P,
    separator: string,
    rule?: Rule,
  ): LensBuilder<A, Put<DroppedAll<B, From>, P, string | null>>
  template<P extends string, const From extends string>(
    to: P,
    template: string,
    from: readonly From[],
  ): LensBuilder<A, Put<DroppedAll<B, [From]>, P, string>>
  object<P extends string, const F extends { readonly [name: string]: Source }>(
    to: P,
    fields: F,
  ): LensBuilder<A, Put<Omit<B, Taken<F>>, P, { readonly [key in keyof F]: Result<F[key], B> }>>
  each<P extends string, To>(
    path: P,
    of: (item: LensBuilder<Item<B, P>>) => LensBuilder<Item<B, P>, To>,
    key?: string,
    keyThere?: string,
  ): LensBuilder<A, Put<B, P, readonly To[]>>
  when<To>(
    test: Condition,
    then: (it: LensBuilder<B>) => LensBuilder<B, To>,
    more?: { readonly otherwise?: LensData; readonly there?: Condition },
  ): LensBuilder<A, B | To>
  pick<F extends Field<B>>(...fields: readonly F[]): LensBuilder<A, { readonly [key in F]: B[key] }>
  /** Another lens, after this one. */
  andThen<C>(next: LensBuilder<B, C>): LensBuilder<A, C>
  /** A function by its reference, on the value at a path (the whole row: ''). `To` says what it makes there. */
  fn<To, P extends string>(reference: string, path: P): LensBuilder<A, P extends '' ? To : Put<B, P, To>>
}
type Item<B, P extends string> = At<B, Keys<P>> extends readonly (infer One)[] ? One : unknown

/** `lens<V3User>().rename('name', 'full_name').add('tier', 'basic')`. */
export function lens<A>(): LensBuilder<A> {
  return build<A, A>([])
}

function build<A, B>(data: LensData): LensBuilder<A, B> {
  // The types are worked out by the interface above; here each method only adds its operation.
  const next = (operation: object) => build<never, never>([...data, defined(operation) as Operation]) as never
  const methods: { readonly [name in Exclude<keyof LensBuilder<A, B>, 'data'>]: (...given: never[]) => never } = {
    rename: (from: string, to: string) => next({ op: 'rename', from, to }),
    move: (from: string, to: string) => next({ op: 'move', from, to }),
    hoist: (path: string, fields: readonly string[]) => next({ op: 'hoist', path, fields }),
    plunge: (path: string, fields: readonly string[]) => next({ op: 'plunge', path, fields }),
    add: (path: string, value: Json) => next({ op: 'add', path, default: value }),
    addFilled: (path: string, how: Default) => next({ op: 'add', path, ...how }),
    remove: (path: string, otherwise?: Json) => next({ op: 'remove', path, default: otherwise }),
    map: (path: string, table: object, more: object = {}) => next({ op: 'map', path, table, ...more }),
    convert: (path: string, how: string, more: object = {}) => next({ op: 'convert', path, with: how, ...more }),
    wrap: (path: string) => next({ op: 'wrap', path }),
    unwrap: (path: string) => next({ op: 'unwrap', path }),
    split: (from: string, to: readonly string[], separator: string, rule?: Rule) =>
      next({ op: 'split', from, to, separator, rule }),
    join: (from: readonly string[], to: string, separator: string, rule?: Rule) =>
      next({ op: 'join', from, to, separator, rule }),
    template: (to: string, template: string) => next({ op: 'template', to, template }),
    object: (to: string, fields: object) => next({ op: 'object', to, fields }),
    each: (
      path: string,
      of: (item: LensBuilder<unknown>) => LensBuilder<unknown, unknown>,
      key?: string,
      keyThere?: string,
    ) => next({ op: 'each', path, key, keyThere, do: of(lens()).data }),
    when: (
      test: Condition,
      then: (it: LensBuilder<unknown>) => LensBuilder<unknown, unknown>,
      more: { otherwise?: LensData; there?: Condition } = {},
    ) => next({ op: 'when', if: test, ifThere: more.there, do: then(lens()).data, otherwise: more.otherwise }),
    pick: (...fields: readonly string[]) => next({ op: 'pick', fields }),
    andThen: (other: { readonly data: LensData }) => build<never, never>([...data, ...other.data]) as never,
    fn: (ref: string, path: string) => next(path === '' ? { op: 'fn', ref } : { op: 'fn', ref, path }),
  }
  return { data, ...methods } as unknown as LensBuilder<A, B>
}

function defined(operation: object): object {
  return Object.fromEntries(Object.entries(operation).filter(([, value]) => value !== undefined))
}
