/** An HTTPRoute of the Kubernetes Gateway API, as far as its weights go, and the JSON Patch (RFC 6902) that changes them. Pure. */
import { z } from 'zod'
import type { Shares } from '../../core/ports/index.ts'
import { sharesOfWeights } from '../../traffic/index.ts'

/** 0 to 1,000,000; a weight that is left out is 1 (gateway-api, HTTPBackendRef). */
const weight = z.int().min(0).max(1_000_000)
const dnsName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
  .max(253)
const backend = z.looseObject({ name: dnsName, weight: weight.optional() })

/** What is not named here is kept as it is and not looked at: the cluster has the whole schema. */
export const httpRoute = z.looseObject({
  apiVersion: z.enum(['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1']),
  kind: z.literal('HTTPRoute'),
  metadata: z.looseObject({
    name: dnsName,
    namespace: dnsName.optional(),
    resourceVersion: z.string().optional(),
  }),
  spec: z.looseObject({
    rules: z
      .array(z.looseObject({ backendRefs: z.array(backend).max(16).optional() }))
      .min(1)
      .max(16),
  }),
})
export type HttpRoute = z.output<typeof httpRoute>

const pointer = z.string().regex(/^(\/([^~/]|~0|~1)*)+$/)
export const jsonPatch = z
  .array(
    z.discriminatedUnion('op', [
      z.strictObject({ op: z.literal('test'), path: pointer, value: z.union([z.string(), z.number()]) }),
      z.strictObject({ op: z.enum(['add', 'replace']), path: pointer.regex(/\/weight$/), value: weight }),
    ]),
  )
  .min(1)
export type JsonPatch = z.output<typeof jsonPatch>

/** The rule of a route, and the name of the backend of each side. */
export type Place = { readonly rule: number; readonly sides: { readonly [side: string]: string } }

/** Where in the rule the backend of a side stands; -1 when it does not. */
export function indexOf(route: HttpRoute, place: Place, side: string): number {
  return (route.spec.rules[place.rule]?.backendRefs ?? []).findIndex((each) => each.name === place.sides[side])
}

export function sharesIn(route: HttpRoute, place: Place): Shares {
  const refs = route.spec.rules[place.rule]?.backendRefs ?? []
  return sharesOfWeights(
    Object.fromEntries(
      Object.keys(place.sides).map((side) => [side, [refs[indexOf(route, place, side)]?.weight ?? 1]]),
    ),
  )
}

/** Tests first: a patch made for another version, or for other backends in these places, is refused by the cluster as a whole. */
export function patchFor(route: HttpRoute, shares: readonly (readonly [Place, Shares])[]): JsonPatch {
  const version = route.metadata.resourceVersion
  const refs = shares.flatMap(([place, own]) =>
    Object.keys(place.sides).map((side) => {
      const index = indexOf(route, place, side)
      const path = `/spec/rules/${place.rule}/backendRefs/${index}`
      const stands = route.spec.rules[place.rule]?.backendRefs?.[index]?.weight !== undefined
      return {
        path,
        name: place.sides[side]!,
        weight: own[side]!,
        op: stands ? ('replace' as const) : ('add' as const),
      }
    }),
  )
  return [
    ...(version === undefined ? [] : [{ op: 'test' as const, path: '/metadata/resourceVersion', value: version }]),
    ...refs.map(({ path, name }) => ({ op: 'test' as const, path: `${path}/name`, value: name })),
    ...refs.map(({ op, path, weight: value }) => ({ op, path: `${path}/weight`, value })),
  ]
}

/** The route with the weights of the patch; the tests are the cluster's. */
export function patched(route: HttpRoute, patch: JsonPatch): HttpRoute {
  const copy = structuredClone(route)
  for (const { op, path, value } of patch) {
    const [, rule, index] = /^\/spec\/rules\/(\d+)\/backendRefs\/(\d+)\/weight$/.exec(path) ?? []
    const ref = copy.spec.rules[Number(rule)]?.backendRefs?.[Number(index)]
    if (op !== 'test' && ref) ref.weight = Number(value)
  }
  return httpRoute.parse(copy)
}
