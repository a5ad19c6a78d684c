/** The adapter `gateway-api`: writes the JSON Patch that shares a Kubernetes HTTPRoute otherwise. It sends nothing, and says so. */
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { risk } from '../../core/finding.ts'
import { defineAdapter, type Opener, type Target } from '../../core/kind.ts'
import type { Shares, TrafficWriter } from '../../core/ports/index.ts'
import { type FileWords, keepText, readIfThere } from '../../durable/index.ts'
import { mustBeWhole, namedIn } from '../../traffic/index.ts'
import { type HttpRoute, httpRoute, indexOf, jsonPatch, patched, patchFor, type Place, sharesIn } from './http-route.ts'

const patchWords: FileWords = { what: 'patch', missing: 'make the folder it is to be written in' }
const manifestWords: FileWords = { what: 'manifest', missing: 'name the file of the HTTPRoute' }

const config = z.strictObject({
  manifest: z
    .string()
    .min(1)
    .describe(
      'The HTTPRoute as YAML or JSON (`kubectl get httproute NAME -o yaml`): absolute, or relative to the folder of the plan.',
    ),
  patch: z.string().min(1).describe('Where the JSON Patch is written.'),
  routes: z
    .record(
      z.string().min(1),
      z.strictObject({
        rule: z.int().min(0).max(15).default(0).describe('The index of the rule in `spec.rules`.'),
        sides: z
          .record(z.string().min(1), z.string().min(1))
          .refine((sides) => Object.keys(sides).length >= 2, 'a route has at least two sides')
          .describe('The name of the backend of each side.'),
      }),
    )
    .refine((routes) => Object.keys(routes).length > 0, 'there is at least one route'),
})

export type GatewayApiConfig = z.input<typeof config>
type Settings = z.output<typeof config>

export const gatewayApi = defineAdapter({
  name: 'gateway-api',
  port: 'traffic',
  summary:
    'Kubernetes Gateway API: writes the JSON Patch for an HTTPRoute, checked by schema. It never sends it; a person or a pipeline does.',
  shape: config as unknown as z.ZodType<GatewayApiConfig>,
  example: {
    manifest: './httproute.yaml',
    patch: './httproute.patch.json',
    routes: { shop: { rule: 0, sides: { v1: 'shop-v1', v2: 'shop-v2' } } },
  },
  tools: { name: 'gateway-api', sticky: false, step: 1 },
  open: async (given, who) => openTarget(config.parse(given), who),
})

async function openTarget(given: Settings, who: Opener): Promise<Target<'traffic'>> {
  const settings = { ...given, manifest: resolve(who.base, given.manifest), patch: resolve(who.base, given.patch) }
  const control = openControl(settings)
  return {
    identity: async () => `gateway-api:${settings.manifest}`,
    observe: async () => {
      const route = await current(settings)
      const facts = Object.entries(settings.routes).map(([name, place]) => {
        return [name, { sticky: false, shares: sharesIn(route, place) }] as const
      })
      return { routes: Object.fromEntries(facts) }
    },
    ready: async () => [notSent(settings, await manifestOf(settings))],
    read: control,
    write: control,
    fence: async () => undefined,
    close: async () => undefined,
  }
}

function notSent(settings: Settings, { metadata }: HttpRoute) {
  const where = metadata.namespace === undefined ? '' : ` -n ${metadata.namespace}`
  return risk(
    'traffic.not-sent',
    `shares of HTTPRoute "${metadata.name}" are written to "${settings.patch}", and not sent: no request goes elsewhere by that`,
    `send it: kubectl patch httproute ${metadata.name}${where} --type json --patch-file ${settings.patch}`,
  )
}

function openControl(settings: Settings): TrafficWriter {
  const place = (name: string): Place => namedIn(settings.routes, name, 'route')
  const cannot = async (name: string): Promise<never> => {
    place(name)
    throw new ChangeoverError(
      'target.failed',
      `a patch cannot drain a side of route "${name}"`,
      'shift its share to 0 instead',
    )
  }
  return {
    shares: async (name) => sharesIn(await current(settings), place(name)),
    sides: async (name) => (place(name), {}),
    counts: async (name) => (place(name), {}),
    shift: (name, shares) => writePatch(settings, name, shares),
    drain: cannot,
    ready: cannot,
  }
}

/** Shares are weights as they are: 10,000 in all. Back at the manifest's own shares, it is still a patch: the other may have been sent. */
async function writePatch(settings: Settings, name: string, shares: Shares): Promise<Shares> {
  mustBeWhole(name, shares, Object.keys(namedIn(settings.routes, name, 'route').sides))
  const route = await manifestOf(settings)
  const now = await current(settings)
  const wanted = Object.entries(settings.routes).map(
    ([each, place]) => [place, each === name ? shares : sharesIn(now, place)] as const,
  )
  const patch = jsonPatch.parse(patchFor(route, wanted))
  const after = patched(route, patch)
  const text = `${JSON.stringify(patch, null, 2)}\n`
  if ((await readIfThere(settings.patch, patchWords)) !== text) await keepText(settings.patch, text, patchWords)
  return sharesIn(after, namedIn(settings.routes, name, 'route'))
}

/** The route as it will be when the patch that is there has been sent. */
async function current(settings: Settings): Promise<HttpRoute> {
  const route = await manifestOf(settings)
  const text = await readIfThere(settings.patch, patchWords)
  if (text === '') return route
  const found = jsonPatch.safeParse(json(text, settings.patch))
  if (found.success) return patched(route, found.data)
  throw broken(settings.patch, 'is no patch of weights', found.error)
}

async function manifestOf(settings: Settings): Promise<HttpRoute> {
  const text = await readIfThere(settings.manifest, manifestWords)
  if (text === '') throw broken(settings.manifest, 'is not there, or empty')
  const found = httpRoute.safeParse(json(text, settings.manifest))
  if (!found.success) throw broken(settings.manifest, 'is no HTTPRoute', found.error)
  for (const place of Object.values(settings.routes))
    for (const side of Object.keys(place.sides))
      if (indexOf(found.data, place, side) < 0)
        throw broken(settings.manifest, `has no backend "${place.sides[side]}" in rule ${place.rule}`)
  return found.data
}

/** JSON is YAML. */
function json(text: string, path: string): unknown {
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
    'fetch it anew: kubectl get httproute NAME -o yaml',
  )
}
