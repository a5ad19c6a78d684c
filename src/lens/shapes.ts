/** Types of documents while they are reshaped, step by step: what stands at a path, with it, and without it. No code. */

/** The keys of a path as `parsePath` reads it. */
export type Keys<P extends string> = P extends '' ? [] : P extends `/${infer Rest}` ? Split<Rest> : [P]
type Split<P extends string> = P extends `${infer Head}/${infer Rest}` ? [Head, ...Split<Rest>] : [P]

type Flat<T> = { readonly [key in keyof T]: T[key] }

/** What stands at the keys; `unknown` where the shape does not say. A star is any item. */
export type At<T, K extends readonly string[]> = K extends readonly [infer Head, ...infer Rest extends string[]]
  ? Head extends '*'
    ? T extends readonly (infer Item)[]
      ? At<Item, Rest>
      : unknown
    : Head extends keyof T
      ? At<T[Head], Rest>
      : unknown
  : T

/** The shape with `V` at the keys; objects on the way are made. */
export type With<T, K extends readonly string[], V> = K extends readonly [
  infer Head extends string,
  ...infer Rest extends string[],
]
  ? Head extends '*'
    ? T extends readonly (infer Item)[]
      ? readonly With<Item, Rest, V>[]
      : T
    : Flat<Omit<T, Head> & { readonly [key in Head]: With<Head extends keyof T ? T[Head] : object, Rest, V> }>
  : V

/** The shape with nothing at the keys. */
export type Without<T, K extends readonly string[]> = K extends readonly [
  infer Head extends string,
  ...infer Rest extends string[],
]
  ? Head extends '*'
    ? T extends readonly (infer Item)[]
      ? readonly Without<Item, Rest>[]
      : T
    : Rest extends []
      ? Omit<T, Head>
      : Head extends keyof T
        ? Flat<Omit<T, Head> & { readonly [key in Head]: Without<T[Head], Rest> }>
        : T
  : never

export type Moved<T, From extends string, To extends string> = Flat<
  With<Without<T, Keys<From>>, Keys<To>, At<T, Keys<From>>>
>
export type Put<T, P extends string, V> = With<T, Keys<P>, V>
export type Dropped<T, P extends string> = Flat<Without<T, Keys<P>>>

/** Null stays null. */
export type Kept<Before, After> = null extends Before ? After | null : After

/** All of these paths taken away. */
export type DroppedAll<T, P extends readonly string[]> = P extends readonly [
  infer Head extends string,
  ...infer Rest extends string[],
]
  ? DroppedAll<Dropped<T, Head>, Rest>
  : T

/** All of these paths holding `V`. */
export type PutAll<T, P extends readonly string[], V> = P extends readonly [
  infer Head extends string,
  ...infer Rest extends string[],
]
  ? PutAll<Put<T, Head, V>, Rest, V>
  : T

export type Hoisted<T, Path extends string, F extends string> = Flat<
  { readonly [key in Exclude<keyof T, F>]: key extends Path ? Omit<T[key], F> : T[key] } & {
    readonly [key in F]: At<T, [...Keys<Path>, key]>
  }
>
export type Plunged<T, Path extends string, F extends string> = Flat<
  Omit<T, F | Path> & {
    readonly [key in Path]: Flat<
      (Path extends keyof T ? Omit<T[Path], F> : object) & {
        readonly [field in F]: field extends keyof T ? T[field] : unknown
      }
    >
  }
>

/** What each converter makes. */
export interface Converted {
  'number-text': string
  'text-number': number
  scale: number
  'minor-decimal': string
  'decimal-minor': number
  'seconds-iso': string
  'iso-seconds': number
  'millis-iso': string
  'iso-millis': number
  'seconds-timestamp': string
  'timestamp-seconds': number
  'millis-timestamp': string
  'timestamp-millis': number
  'bool-text': string
  'text-bool': boolean
  'bool-number': number
  'number-bool': boolean
  'text-json': unknown
  'json-text': string
}
