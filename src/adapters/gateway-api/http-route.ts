/** The weights of an HTTPRoute as shares, and the JSON Patch (RFC 6902) that changes them. Pure. */
import type { Shares } from '../../core/ports/index.ts'
import { sharesOfWeights } from '../../traffic/index.ts'
import { type HttpRoute, httpRoute, type JsonPatch } from './schema.ts'

/** The rule of a route, and the name of the backend of each side. */
export type Place = { readonly rule: number; readonly sides: { readonly [side: string]: string } }

/** What keeps the weights of a rule from being the shares of the sides; undefined where nothing does. */
export function faultOf(route: HttpRoute, place: Place): string | undefined {
  const refs = route.spec.rules[place.rule]?.backendRefs ?? []
  const names = Object.values(place.sides)
  const missing = names.find((name) => !refs.some((ref) => ref.name === name))
  if (missing !== undefined) return `has no backend "${missing}" in rule ${place.rule}`
  const twice = names.find((name) => refs.filter((ref) => ref.name === name).length > 1)
  if (twice !== undefined) return `has the backend "${twice}" twice in rule ${place.rule}: a side is one backend`
  const other = refs.find((ref) => !names.includes(ref.name) && (ref.weight ?? 1) > 0)
  if (other)
    return `has a backend in rule ${place.rule} that is no side and takes requests: "${other.name}", weight ${other.weight ?? 1}; make it a side, or its weight 0`
  if (refs.every((ref) => ref.weight === 0))
    return `gives every backend of rule ${place.rule} weight 0: the gateway answers 500`
  return undefined
}

export function sharesIn(route: HttpRoute, place: Place): Shares {
  return sharesOfWeights(
    Object.fromEntries(Object.keys(place.sides).map((side) => [side, [refOf(route, place, side).ref.weight ?? 1]])),
  )
}

function refOf(route: HttpRoute, place: Place, side: string) {
  const refs = route.spec.rules[place.rule]?.backendRefs ?? []
  const index = refs.findIndex((each) => each.name === place.sides[side])
  return { ref: refs[index]!, path: `/spec/rules/${place.rule}/backendRefs/${index}` }
}

/**
 * Tests first: a patch made for another state of the route is refused by the cluster as a whole. The first after a manifest stands on its version;
 * each later one on the weights that the one before it left, since every patch gives the route a new version.
 */
export function patchFor(route: HttpRoute, place: Place, shares: Shares, first: boolean): JsonPatch {
  const version = first ? route.metadata.resourceVersion : undefined
  const refs = Object.keys(place.sides).map((side) => ({ ...refOf(route, place, side), to: shares[side]! }))
  return [
    ...(version === undefined ? [] : [{ op: 'test' as const, path: '/metadata/resourceVersion', value: version }]),
    ...refs.map(({ path, ref }) => ({ op: 'test' as const, path: `${path}/name`, value: ref.name })),
    ...refs.flatMap(({ path, ref }) =>
      ref.weight === undefined ? [] : [{ op: 'test' as const, path: `${path}/weight`, value: ref.weight }],
    ),
    ...refs.map(({ path, ref, to }) => ({
      op: ref.weight === undefined ? ('add' as const) : ('replace' as const),
      path: `${path}/weight`,
      value: to,
    })),
  ]
}

/** The route with the weights of the patch; undefined where a weight that it tests is another, as the cluster would refuse it. */
export function patched(route: HttpRoute, patch: JsonPatch): HttpRoute | undefined {
  const copy = structuredClone(route)
  for (const { op, path, value } of patch) {
    const [, rule, index] = /^\/spec\/rules\/(\d+)\/backendRefs\/(\d+)\/weight$/.exec(path) ?? []
    const ref = copy.spec.rules[Number(rule)]?.backendRefs?.[Number(index)]
    if (!ref) continue
    if (op === 'test' && ref.weight !== value) return undefined
    ref.weight = Number(value)
  }
  return httpRoute.parse(copy)
}
