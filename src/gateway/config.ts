/** What a gateway is told: where it listens, which routes there are, and who stands behind them. Data; does nothing. */
import { z } from 'zod'
import { ChangeoverError } from '../core/errors.ts'
import { complaintOf, type Locate, protoIn, showPath } from '../core/shape.ts'
import type { CompareRules, NoiseLimits } from '../shadow/index.ts'

const ms = (usual: number, says: string) =>
  z.int().min(1).max(86_400_000).default(usual).describe(`${says} In milliseconds.`)
const address = z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).max(65_535) })

const upstream = z.url({ protocol: /^http$/ }).refine((text) => {
  const url = new URL(text)
  return url.pathname === '/' && url.search === '' && url.username === ''
}, 'an upstream is http://host:port, without a path')

const side = z.strictObject({
  upstreams: z.array(upstream).min(1),
  limit: z.int().min(1).nullable().default(null).describe('The most requests at once on this side.'),
})

const health = z.strictObject({
  path: z.string().startsWith('/').default('/health'),
  intervalMs: ms(2000, 'Between two checks of a server.'),
  timeoutMs: ms(1000, 'Until an answer of 200 to 399 must be there.'),
  fall: z.int().min(1).default(3).describe('Bad answers in a row until a server is down.'),
  rise: z.int().min(1).default(2).describe('Good answers in a row until it is up again.'),
})

const sticky = z.strictObject({
  flag: z.string().min(1).describe('The key of the flag whose buckets are used: the same users on both.'),
  by: z
    .union([
      z.strictObject({ header: z.string() }),
      z.strictObject({ cookie: z.string() }),
      z.strictObject({ query: z.string() }),
    ])
    .describe('Where a request says whose it is. One that does not say is shared for itself.'),
})

const functionOf = <F>() => z.custom<F>((value) => typeof value === 'function', 'must be a function')

const shadow = z.strictObject({
  old: z.string(),
  new: z.string(),
  sample: z.number().min(0).max(1).default(0.1).describe('Share of the requests that are answered by `old`.'),
  safe: z
    .array(z.strictObject({ method: z.string().regex(/^[A-Z]+$/), path: z.string().startsWith('/') }))
    .default([])
    .describe('Paths, and what is below them, that may be asked twice though the method is not GET, HEAD or OPTIONS.'),
  timeoutMs: ms(2000, 'Until the new version must have answered.'),
  atOnce: z.int().min(1).default(8).describe('The most requests to the new version at once.'),
  queue: z.int().min(0).default(100).describe('The most that wait; more are dropped, and counted.'),
  mostBytes: z.int().min(0).default(262_144).describe('Of a request or an answer; larger ones are not compared.'),
  twins: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Share of comparisons for which the old version is asked again.'),
  warmUp: z.int().min(0).default(20).describe('First comparisons that all have a twin.'),
  confirm: z.boolean().default(true).describe('Asks the old version again before a mismatch counts.'),
  showValues: z.boolean().default(false).describe('Samples hold values, not only paths and types.'),
  samples: z.int().min(0).max(1000).default(50),
  rules: z.custom<CompareRules>((value) => typeof value === 'object' && value !== null).default({}),
  noise: z.custom<NoiseLimits>((value) => typeof value === 'object' && value !== null).default({}),
})

const route = z.strictObject({
  host: z.string().optional().describe('Only requests for this host.'),
  path: z.string().startsWith('/').default('/').describe('This path and what is below it; the longest wins.'),
  sides: z.record(z.string().regex(/^[\w.-]+$/), z.union([z.array(upstream).min(1), side])),
  shares: z
    .record(z.string(), z.int().min(0).max(10_000))
    .describe('Hundredths of a percent, at the very first start.'),
  sticky: sticky.optional(),
  failover: z.boolean().default(true).describe('Requests of a side that is down go to another side that has a share.'),
  health: health.optional(),
  upgrades: z.array(z.string()).default(['websocket']),
  hostIs: z.string().optional().describe('The Host that upstreams are told; by default the one of the client.'),
  queue: z.int().min(0).default(1000).describe('The most requests that wait for a side at its limit.'),
  queueMs: ms(5000, 'How long a request waits for a side at its limit.'),
  shadow: shadow.optional(),
})

const timeouts = z.strictObject({
  connectMs: ms(3000, 'Until an upstream takes a connection.'),
  answerMs: ms(60_000, 'From the end of the request to the first byte of the answer.'),
  stallMs: ms(60_000, 'Without a byte in a body, either way.'),
  idleMs: ms(4000, 'How long an unused connection to an upstream is kept.'),
  headersMs: ms(20_000, 'Until the whole head of a request is there.'),
  requestMs: ms(300_000, 'Until a whole request is there.'),
  keepAliveMs: ms(65_000, 'How long an unused connection of a client is kept.'),
  graceMs: ms(10_000, 'How long requests under way have when the gateway closes.'),
})

const limits = z.strictObject({
  headBytes: z.int().min(1024).default(16_384),
  bodyBytes: z.int().min(0).default(1_073_741_824),
  connections: z.int().min(1).default(20_000),
})

const config = z.strictObject({
  listen: address,
  control: address.extend({
    token: z
      .string()
      // Of its own words: the value of a secret is in no message.
      .refine((text) => text.length >= 16, { error: 'has fewer than 16 characters' })
      .describe('Who knows it may change shares.'),
  }),
  state: z.string().min(1).describe('The file that keeps shares over a restart.'),
  routes: z
    .record(z.string().regex(/^[\w.-]+$/), route)
    .refine((routes) => Object.keys(routes).length > 0, 'there must be a route'),
  timeouts: timeouts.prefault({}),
  limits: limits.prefault({}),
  trustForwarded: z
    .boolean()
    .default(false)
    .describe('Only behind a proxy of your own: what it says of the client is kept.'),
  forwarded: z.enum(['both', 'x-forwarded', 'forwarded', 'none']).default('both'),
  bucketOf: functionOf<(flagKey: string, userKey: string) => number>()
    .optional()
    .describe('0 to 9,999 for a flag and a user; by default the bucket of flagd.'),
})

/** A gateway as it is written, in a file or a program. */
export type GatewayConfig = z.input<typeof config>
type Read = z.output<typeof config>
export type Settings = Omit<Read, 'routes'> & { readonly routes: { readonly [name: string]: RouteSettings } }
export type SideSettings = z.output<typeof side>
export type RouteSettings = Omit<Read['routes'][string], 'sides'> & {
  readonly sides: { readonly [name: string]: SideSettings }
}
export type ShadowSettings = NonNullable<RouteSettings['shadow']>
export type StickySettings = NonNullable<RouteSettings['sticky']>
export type HealthSettings = NonNullable<RouteSettings['health']>
export type Timeouts = Settings['timeouts']

/** Throws `plan.invalid` or `plan.unknown-key`, saying where. */
export function readGatewayConfig(given: GatewayConfig, locate: Locate = showPath): Settings {
  const proto = protoIn(given)
  if (proto) throw invalid(`${locate(proto)}: no name can be "__proto__"`)
  const read = config.safeParse(given)
  if (!read.success) {
    const { code, message, known } = complaintOf(read.error.issues, config, given, locate)
    throw new ChangeoverError(code, `the gateway cannot be set up: ${message}`, known ?? 'correct its configuration')
  }
  const routes = Object.entries(read.data.routes).map(([name, each]) => {
    const sides = Object.entries(each.sides).map(([side, at]) => [
      side,
      Array.isArray(at) ? { upstreams: at, limit: null } : at,
    ])
    const settings = { ...each, sides: Object.fromEntries(sides) } as RouteSettings
    mustFit(name, settings, locate)
    return [name, settings] as const
  })
  mustDiffer(routes, locate)
  mustNotAskItself(read.data, routes, locate)
  return { ...read.data, routes: Object.fromEntries(routes) }
}

function mustFit(name: string, { sides, shares, shadow: watched }: RouteSettings, locate: Locate): void {
  const at = (field: string): string => locate(['routes', name, field])
  const wrong = wrongShares(Object.keys(sides), shares)
  if (wrong !== undefined) throw invalid(`${at('shares')}: ${wrong}`)
  for (const side of watched === undefined ? [] : [watched.old, watched.new])
    if (!Object.hasOwn(sides, side)) throw invalid(`${at('shadow')} names a side "${side}" that is not there`)
}

/** Of two routes for the same requests one would never be asked, and its share moved nobody. */
function mustDiffer(routes: readonly (readonly [name: string, route: RouteSettings])[], locate: Locate): void {
  const placeOf = ({ host, path }: RouteSettings): string =>
    `${host?.toLowerCase() ?? ''} ${path.replace(/(?<=.)\/$/, '')}`
  for (const [index, [name, route]] of routes.entries()) {
    const [other] = routes.slice(0, index).find(([, before]) => placeOf(before) === placeOf(route)) ?? []
    if (other !== undefined)
      throw invalid(`${locate(['routes', name])}: takes the same requests as "${other}": give one another host or path`)
  }
}

/** A request for itself would come back for ever. */
function mustNotAskItself(
  { listen, control }: Pick<Read, 'listen' | 'control'>,
  routes: readonly (readonly [name: string, route: RouteSettings])[],
  locate: Locate,
): void {
  for (const [route, { sides }] of routes)
    for (const [side, { upstreams }] of Object.entries(sides))
      for (const upstream of upstreams)
        for (const [door, own] of [
          ['listen', listen],
          ['control', control],
        ] as const)
          if (isDoor(new URL(upstream), own))
            throw invalid(
              `${locate(['routes', route, 'sides', side])}: upstream "${upstream}" is this gateway itself, which has "${own.host}:${own.port}" for its \`${door}\``,
            )
}

/** Whether an upstream is where the gateway listens, as far as names tell. Port 0 is one that nobody has yet. */
function isDoor({ hostname, port }: URL, own: { readonly host: string; readonly port: number }): boolean {
  if (own.port === 0 || Number(port === '' ? 80 : port) !== own.port) return false
  const plain = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase()
  const [asked, listens] = [plain(hostname), plain(own.host)]
  if (asked === listens) return true
  const isHere = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1|0\.0\.0\.0|::)$/.test(host)
  return isHere(asked) && isHere(listens)
}

/** What keeps these from being the shares of a route with these sides, in words. A side that is not named has none. */
export function wrongShares(
  sides: readonly string[],
  shares: { readonly [side: string]: unknown },
): string | undefined {
  for (const [side, share] of Object.entries(shares)) {
    if (!sides.includes(side)) return `there is no side "${side}", only ${sides.map((each) => `"${each}"`).join(', ')}`
    if (!Number.isInteger(share) || (share as number) < 0)
      return `the share of "${side}" is no whole number of hundredths of a percent`
  }
  const all = Object.values(shares as { readonly [side: string]: number }).reduce((sum, share) => sum + share, 0)
  return all === 10_000 ? undefined : `shares are ${all} hundredths of a percent in all, not 10000`
}

function invalid(what: string): ChangeoverError {
  return new ChangeoverError('plan.invalid', `the gateway cannot be set up: ${what}`, 'correct its configuration')
}
