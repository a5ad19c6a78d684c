/** The shapes that others see of a lens: documents, context, functions, and what compiling gives. */

/** A row's columns by name, or an object. */
export type Doc = { readonly [field: string]: unknown }

/** What a lens may use besides its input. `now` is ISO 8601 with an offset, fixed for a run, never the clock. */
export interface LensContext {
  readonly now: string
}

type LensFunction = (value: never, was: never, context: LensContext) => unknown

/** What `./file.ts#name` exports. Both functions are synchronous unless `async` is true. */
export interface LensFunctions {
  readonly forward: LensFunction
  readonly backward: LensFunction
  /** True where a function answers with a promise; found out by itself for functions declared `async`. */
  readonly async?: boolean
  /** Paths that do not come back in a direction where nothing is remembered. */
  readonly lost?: { readonly forward?: readonly string[]; readonly backward?: readonly string[] }
}

/** A lens ready to work. `was` is what the other side holds now, so that what only it knows stays. Refuses with `lens.refused`. */
export interface CompiledLens {
  readonly forward: (a: Doc, was?: Doc) => Doc
  readonly backward: (b: Doc, was?: Doc) => Doc
  /** The same for any lens, asynchronous or not. */
  readonly forwardAsync: (a: Doc, was?: Doc) => Promise<Doc>
  readonly backwardAsync: (b: Doc, was?: Doc) => Promise<Doc>
  /** Paths that do not come back where no `was` is at hand; a star stands for every item. */
  readonly lost: { readonly forward: readonly string[]; readonly backward: readonly string[] }
  /** True: a function of this lens is asynchronous, and `forward` and `backward` refuse to be called. */
  readonly async: boolean
}
