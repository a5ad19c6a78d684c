/** What `config.rewrite` is told, and what it does its work from. */
import { z } from 'zod'
import type { Json } from '../../../core/json.ts'
import { type LensData, lensSchema } from '../../../lens/index.ts'
import { type ConfigFormat, configFormats, formatOf, type RewriteRules } from '../../../config/index.ts'

const values = z.record(z.string(), z.json()).default({})

/** What a plan says of a rewrite. */
export const rewriteSpec = z
  .strictObject({
    file: z.union([z.string(), z.array(z.string()).min(1)]),
    /** The new file; the old one stays where it is. Without it the file is rewritten in place. */
    to: z.string().optional(),
    format: z.enum(configFormats as [ConfigFormat, ...ConfigFormat[]]).optional(),
    map: z.record(z.string(), z.string()).default({}),
    /** More than a map can say: the operations of a lens, over the values by JSON pointer. Runs before the map. */
    lens: lensSchema.optional(),
    set: values,
    defaults: values,
    remove: z.array(z.string()).default([]),
    require: z.array(z.string()).default([]),
    /** Keys that still work, with what to do about them. */
    deprecated: z.record(z.string(), z.string()).default({}),
    unmapped: z.enum(['keep', 'block', 'drop']).default('keep'),
    /** Where `${NAME}` is looked up: names that the service has, env files of the same target. */
    environment: z
      .strictObject({ names: z.array(z.string()).default([]), files: z.array(z.string()).default([]) })
      .optional(),
  })
  .refine((given) => given.lens === undefined || given.unmapped === 'keep', {
    error: 'with a lens, keys that it does not name stay: "unmapped" is "keep"',
    path: ['unmapped'],
  })
export type RewriteSpec = z.infer<typeof rewriteSpec>

/** One file: its path, the path of the new one, which may be the same. */
export interface OneFile {
  readonly file: string
  readonly to: string
  readonly format: ConfigFormat
}

/** What apply and rollback need: no more than names, rules and the new values of the plan. */
export type RewriteWork = {
  readonly files: readonly (OneFile & { readonly [key: string]: Json })[]
  readonly rules: RewriteRules & { readonly [key: string]: Json }
  readonly lens: (LensData & Json) | null
  readonly require: readonly string[]
  readonly environment: { readonly names: readonly string[]; readonly files: readonly string[] } | null
}

export type FilesRole = { readonly files: 'files' }

/** The files of a spec, each with its format: by its name where none is given. */
export function filesOf(given: RewriteSpec): RewriteWork['files'] {
  const names = typeof given.file === 'string' ? [given.file] : given.file
  return names.map((file) => ({
    file,
    to: names.length === 1 ? (given.to ?? file) : file,
    format: given.format ?? formatOf(file) ?? 'yaml',
  }))
}
