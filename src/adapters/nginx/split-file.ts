/** The file that nginx includes: shares as directives, and read back from it. Pure text. */
import { ChangeoverError } from '../../core/errors.ts'
import type { Shares } from '../../core/ports/index.ts'
import { whole, wrongShares } from '../../traffic/index.ts'
import type { Route, Settings } from './settings.ts'

export type RouteShares = { readonly [route: string]: Shares }

/** `$changeover_NAME` is the upstream of a request: `proxy_pass http://$changeover_NAME;` */
export function splitFile(routes: Settings['routes'], shares: RouteShares): string {
  const parts = Object.entries(routes).map(([name, route]) => {
    const own = shares[name]!
    const said = Object.keys(route.sides).map((side) => `${side}=${own[side]}`)
    return `# ${name}: ${said.join(' ')}\n${'bucket' in route ? bucketMap(name, route, own) : splitClients(name, route, own)}\n`
  })
  return `# Written by changeover; a change by hand is refused. Shares are hundredths of a percent.\n${parts.join('')}`
}

/** All of a route to the side that is named first: what the file holds before the first plan. */
export function firstShares(routes: Settings['routes']): RouteShares {
  return Object.fromEntries(
    Object.entries(routes).map(([name, { sides }]) => [
      name,
      Object.fromEntries(Object.keys(sides).map((side, index) => [side, index === 0 ? whole : 0])),
    ]),
  )
}

/** The shares that the file says. One that is not what we would write for them was changed by hand. */
export function readSplitFile(text: string, routes: Settings['routes'], path: string): RouteShares {
  const shares = Object.fromEntries(
    Object.entries(routes).map(([name, route]) => [name, sharesIn(text, name, Object.keys(route.sides), path)]),
  )
  if (splitFile(routes, shares) === text) return shares
  throw foreign(path, 'its directives are not those of its shares')
}

function sharesIn(text: string, name: string, sides: readonly string[], path: string): Shares {
  const line = text.split('\n').find((each) => each.startsWith(`# ${name}: `))
  const words = line?.slice(name.length + 4).split(' ') ?? []
  const shares = Object.fromEntries(words.map((word) => [word.split('=')[0]!, Number(word.split('=')[1])]))
  if (line === undefined) throw foreign(path, `it does not speak of route "${name}"`)
  const wrong = wrongShares(shares, sides)
  if (wrong !== undefined) throw foreign(path, `route "${name}": ${wrong}`)
  return shares
}

function foreign(path: string, why: string): ChangeoverError {
  return new ChangeoverError(
    'target.failed',
    `"${path}" is not as this tool left it: ${why}`,
    'write it anew from the plan with `nginxSplit` of "changeover", or put it back from your backup',
  )
}

/** nginx takes no share of 0, and gives what is left to "*". */
function splitClients(name: string, route: Extract<Route, { split: string }>, shares: Shares): string {
  const given = Object.keys(route.sides).filter((side) => shares[side]! > 0)
  const rest = given.at(-1)!
  const lines = given
    .filter((side) => side !== rest)
    .map((side) => `    ${(shares[side]! / 100).toFixed(2)}% ${route.sides[side]};`)
  return [`split_clients "${route.split}" ${variable(name)} {`, ...lines, `    * ${route.sides[rest]};`, '}'].join('\n')
}

function bucketMap(name: string, route: Extract<Route, { bucket: object }>, shares: Shares): string {
  const { header, newer } = route.bucket
  const [older] = Object.keys(route.sides).filter((side) => side !== newer)
  const share = shares[newer]!
  const lines = share === 0 ? [] : [`    "~^0*(?:${below(share)})$" ${route.sides[newer]};`]
  const from = `$http_${header.toLowerCase().replaceAll('-', '_')}`
  return [`map ${from} ${variable(name)} {`, `    default ${route.sides[older!]};`, ...lines, '}'].join('\n')
}

/** A regular expression for the decimal numbers below `limit`, without leading zeros. */
function below(limit: number): string {
  const digits = String(limit)
  const more = (count: number) => (count === 0 ? '' : `[0-9]{${count}}`)
  const shorter = digits.length > 1 ? [`[0-9]{1,${digits.length - 1}}`] : []
  const same = digits.split('').flatMap((digit, index) => {
    const least = index === 0 && digits.length > 1 ? 1 : 0
    const highest = Number(digit) - 1
    return highest < least ? [] : [`${digits.slice(0, index)}[${least}-${highest}]${more(digits.length - index - 1)}`]
  })
  return [...shorter, ...same].join('|')
}

function variable(name: string): string {
  return `$changeover_${name.replace(/[^A-Za-z0-9_]/g, '_')}`
}
