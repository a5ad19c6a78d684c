/** The adapter `gateway-api`: writes a JSON Patch for each change of the shares of a Kubernetes HTTPRoute. It sends nothing, and says so. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { risk } from '../../core/finding.ts'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { Shares, TrafficWriter } from '../../core/ports/index.ts'
import { mustBeWhole, namedIn, sameShares, sharesOnly } from '../../traffic/index.ts'
import { patchFor, sharesIn } from './http-route.ts'
import { addPatch, type Files, manifestOf, standing } from './patches.ts'
import type { HttpRoute } from './schema.ts'

const config = z.strictObject({
  manifest: z
    .string()
    .min(1)
    .describe(
      'The HTTPRoute as YAML or JSON (`kubectl get httproute NAME -o yaml`): absolute, or relative to the folder of the plan.',
    ),
  patches: z
    .string()
    .min(1)
    .describe(
      'The folder in which a JSON Patch is written for each change, numbered, to be sent in order. Those for another `resourceVersion` of the manifest are history.',
    ),
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
    'Kubernetes Gateway API: writes a JSON Patch for each change of an HTTPRoute, checked by schema. It never sends one; a person or a pipeline does.',
  ...withDefaults(config, openTarget),
  example: {
    manifest: './httproute.yaml',
    patches: './httproute-patches',
    routes: { shop: { rule: 0, sides: { v1: 'shop-v1', v2: 'shop-v2' } } },
  },
  tools: { name: 'gateway-api', sticky: false, step: 1 },
})

async function openTarget(given: Settings, who: Opener): Promise<Target<'traffic'>> {
  const settings = { ...given, manifest: resolve(who.base, given.manifest), patches: resolve(who.base, given.patches) }
  const control = openControl(settings)
  return {
    identity: async () => `gateway-api:${settings.manifest}`,
    observe: async () => {
      const { after: route } = await standing(settings)
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
    `shares of HTTPRoute "${metadata.name}" are written to "${settings.patches}", a file a change, and not sent: no request goes elsewhere by that`,
    `send each, in order: kubectl patch httproute ${metadata.name}${where} --type json --patch-file ${settings.patches}/FILE`,
  )
}

function openControl(settings: Settings): TrafficWriter {
  return sharesOnly(settings.routes, {
    who: 'a patch',
    instead: 'shift its share to 0 instead',
    shares: async (name) => sharesIn((await standing(settings)).after, settings.routes[name]!),
    shift: (name, shares) => writePatch(settings, name, shares),
  })
}

/** Shares are weights as they are: 10,000 in all. Nothing is written when it stands so already. */
async function writePatch(files: Files, name: string, shares: Shares): Promise<Shares> {
  const place = namedIn(files.routes, name, 'route')
  mustBeWhole(name, shares, Object.keys(place.sides))
  const now = await standing(files)
  if (!sameShares(sharesIn(now.after, place), shares))
    await addPatch(files, now, patchFor(now.after, place, shares, now.sent.length === 0))
  return sharesIn((await standing(files)).after, place)
}
