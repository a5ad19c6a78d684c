/** The manifest of a backup: what was saved, as which bytes, and what was left out and why. Knows no store. */
import { z } from 'zod'
import { ChangeoverError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'

/** The name of the manifest and of the list of sums in the folder of a backup. */
export const manifestName = 'manifest.json'
export const sumsName = 'SHA256SUMS'

const format = 'changeover-backup/1'
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** Relative, with `/`, and never upwards: a manifest that was tampered with must not write outside the folder it is restored into. */
const inside = z
  .string()
  .refine(
    (path) => path !== '' && !path.startsWith('/') && !/[\\\0]|^[a-z]:/i.test(path) && !path.split('/').includes('..'),
    {
      message: 'a path leaves its folder',
    },
  )

const entry = z.strictObject({ path: inside, stored: inside, part: z.string(), bytes: z.int().nonnegative(), sha256 })
const leftOut = z.strictObject({ path: z.string(), what: z.string(), why: z.string() })
const shape = z.strictObject({
  format: z.literal(format),
  kind: z.enum(['files', 'database']),
  run: z.string(),
  step: z.string(),
  plan: z.strictObject({ name: z.string(), from: z.string(), to: z.string() }),
  started: z.iso.datetime(),
  finished: z.iso.datetime(),
  entries: z.array(entry).readonly(),
  left: z.array(leftOut).readonly(),
  about: z.json().optional(),
})

/** One saved thing. `path` is its name at the source, `stored` its file below the backup's folder, `bytes` and `sha256` those of that file. */
export type Entry = z.infer<typeof entry>
/** One thing that was not saved: `path` as at the source, `what` of it, and `why`. Never a value. */
export type LeftOut = z.infer<typeof leftOut>
/** Times are ISO 8601 in UTC. `about` is for the kind that wrote the backup: a dump program, the tables, their order. */
export type Manifest = Omit<z.infer<typeof shape>, 'format' | 'about'> & { readonly about?: Json }

/** The text of `manifest.json`, for people and for `readManifest`. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify({ format, ...manifest }, null, 2)}\n`
}

/** The text of `SHA256SUMS`, as `sha256sum --check` reads it in the folder of the backup. */
export function sumsText(manifest: Manifest, manifestSha256: string): string {
  const lines = manifest.entries.map((each) => `${each.sha256}  ${each.stored}`)
  return [`${manifestSha256}  ${manifestName}`, ...new Set(lines), ''].join('\n')
}

/** The manifest in `text`. Error `backup.damaged` when it is not one; `where` is named in it. */
export function parseManifest(text: string, where: string): Manifest {
  const read = shape.safeParse(jsonOf(text))
  if (!read.success) {
    const first = read.error.issues[0]
    const place = first === undefined ? '' : ` at "${first.path.join('.')}": ${first.message}`
    throw new ChangeoverError(
      'backup.damaged',
      `"${where}" is not a manifest of a backup${place}`,
      'restore from another backup',
    )
  }
  const { format: _, about, ...rest } = read.data
  return about === undefined ? rest : { ...rest, about: about as Json }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
