/** The folder of patches: one file a change, numbered, to be sent in order. Those of a manifest begin with its version. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { type FileWords, keepText, readIfThere } from '../../durable/index.ts'
import { faultOf, patched, type Place } from './http-route.ts'
import { type HttpRoute, httpRoute, type JsonPatch, jsonPatch } from './schema.ts'

const patchWords: FileWords = { what: 'patch', missing: 'make the folder of the patches' }
const manifestWords: FileWords = { what: 'manifest', missing: 'name the file of the HTTPRoute' }

export interface Files {
  readonly manifest: string
  readonly patches: string
  readonly routes: { readonly [route: string]: Place }
}

/** `after`: the route when all its patches have been sent, in order. */
export interface Standing {
  readonly after: HttpRoute
  readonly sent: readonly string[]
}

export async function manifestOf({ manifest, routes }: Files): Promise<HttpRoute> {
  const text = await readIfThere(manifest, manifestWords)
  if (text === '') throw broken(manifest, 'is not there, or empty')
  const found = httpRoute.safeParse(parsed(text, manifest))
  if (!found.success) throw broken(manifest, 'is no HTTPRoute', found.error)
  for (const place of Object.values(routes)) {
    const fault = faultOf(found.data, place)
    if (fault !== undefined) throw broken(manifest, fault)
  }
  return found.data
}

export async function standing(files: Files): Promise<Standing> {
  const route = await manifestOf(files)
  const sent = await patchesOf(files, route)
  let after = route
  for (const path of sent) {
    const found = jsonPatch.safeParse(parsed(await readIfThere(path, patchWords), path))
    if (!found.success) throw broken(path, 'is no patch of weights', found.error)
    const next = patched(after, found.data)
    if (!next) throw broken(path, 'stands on other weights than the patches before it leave')
    after = next
  }
  return { after, sent }
}

export async function addPatch(files: Files, at: Standing, patch: JsonPatch): Promise<void> {
  const path = join(files.patches, fileName(at.after, at.sent.length + 1))
  await keepText(path, `${JSON.stringify(jsonPatch.parse(patch), null, 2)}\n`, patchWords)
}

/** In the order in which they are to be sent. Patches of another version of the manifest are history. */
async function patchesOf(files: Files, route: HttpRoute): Promise<readonly string[]> {
  const names = new Set(await readdir(files.patches).catch(() => []))
  const own = Array.from({ length: names.size }, (_, index) => fileName(route, index + 1))
  const gap = own.findIndex((name) => !names.has(name))
  const lost = gap < 0 ? undefined : own.slice(gap).find((name) => names.has(name))
  if (lost !== undefined) throw broken(files.patches, `has "${lost}", and not "${own[gap]}" that comes before it`)
  return own.slice(0, gap < 0 ? own.length : gap).map((name) => join(files.patches, name))
}

function fileName({ metadata }: HttpRoute, number: number): string {
  const version = metadata.resourceVersion?.replaceAll(/[^A-Za-z0-9]/g, '_') ?? 'unversioned'
  return `${metadata.name}-${version}-${String(number).padStart(3, '0')}.json`
}

/** JSON is YAML. */
function parsed(text: string, path: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    throw broken(path, `cannot be read: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`)
  }
}

function broken(path: string, why: string, error?: z.ZodError): ChangeoverError {
  const first = error?.issues[0]
  const where = first === undefined ? '' : `: ${first.path.join('.')}: ${first.message}`
  return new ChangeoverError(
    'target.failed',
    `"${path}" ${why}${where}`,
    'mend it, or fetch it anew: kubectl get httproute NAME -o yaml',
  )
}
