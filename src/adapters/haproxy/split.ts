/** The sticky split: the Lua converter that gives a user their bucket, and the lines that a person adds to the configuration. Pure text. */
import { type HaproxyConfig, type Route, type Settings, settingsShape, type StickyRoute } from './settings.ts'

export interface SplitOptions {
  /** Where the Lua file will be, as the proxy finds it. */
  readonly lua: string
  /** What tells a user: a sample expression of HAProxy. UTF-8 bytes as they come. */
  readonly key?: string
}

/** Lines of `haproxy.cfg` by section, without indent, and the files that they name. */
export interface Split {
  readonly global: readonly string[]
  readonly defaults: readonly string[]
  /** What each route's frontend needs. */
  readonly frontends: { readonly [route: string]: readonly string[] }
  /** Text by path. A map file that is there already is the state of a split: it is not to be written over. */
  readonly files: { readonly [path: string]: string }
}

/** What a sticky split, or a target by weight, needs beside the plan: the Lua file, the map files, and the lines of `haproxy.cfg`. */
export function stickySplit(config: HaproxyConfig, options: SplitOptions): Split {
  const settings = settingsShape.parse(config)
  const maps = new Map<string, string>()
  for (const [name, { sticky }] of stickyRoutes(settings.routes))
    maps.set(sticky.map, `${maps.get(sticky.map) ?? ''}${name} 0\n`)
  const sticky = maps.size > 0
  return {
    global: [
      `stats socket ${settings.socket} mode 660 level admin expose-fd listeners`,
      ...(sticky ? [`lua-load-per-thread ${options.lua}`] : []),
      ...(settings.stateFile === undefined ? [] : [`server-state-file ${settings.stateFile}`]),
    ],
    defaults: settings.stateFile === undefined ? [] : ['load-server-state-from-file global'],
    frontends: Object.fromEntries(
      Object.entries(settings.routes).map(([name, route]) => [name, frontendLines(name, route, options)]),
    ),
    files: { ...(sticky ? { [options.lua]: luaFile(settings.routes) } : {}), ...Object.fromEntries(maps) },
  }
}

/** The lines as a person reads and copies them. */
export function showSplit(split: Split): string {
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [title, ...lines.map((line) => `    ${line}`)]
  const frontends = Object.entries(split.frontends).flatMap(([name, lines]) =>
    section(`# in the frontend of "${name}"`, lines),
  )
  return [...section('global', split.global), ...section('defaults', split.defaults), ...frontends, ''].join('\n')
}

/** The same file for every route that is sticky: a table of flags, and murmur3 (x86, 32 bits, seed 0) over bytes. */
function luaFile(routes: Settings['routes']): string {
  const flags = stickyRoutes(routes).map(([route, { sticky }]) => `  ["${route}"] = "${quoted(sticky.flag)}",`)
  return `-- Written by changeover: the bucket, 0 to 9999, of a user in a flag. The same that the flags give, so that a user is on one side everywhere.
-- bucket = floor(murmur3_x86_32(flag .. user, seed 0) * 10000 / 2^32), over the bytes as they come.
local flags = {
${flags.join('\n')}
}

local unpack, byte, mask = string.unpack, string.byte, 0xffffffff

local function mixed(k)
  k = (k * 0xcc9e2d51) & mask
  k = ((k << 15) | (k >> 17)) & mask
  return (k * 0x1b873593) & mask
end

local function murmur3(text)
  local length, hash = #text, 0
  local blocks = length - length % 4
  for at = 1, blocks, 4 do
    hash = hash ~ mixed((unpack("<I4", text, at)))
    hash = ((hash << 13) | (hash >> 19)) & mask
    hash = (hash * 5 + 0xe6546b64) & mask
  end
  local rest = 0
  for at = length, blocks + 1, -1 do rest = (rest << 8) | byte(text, at) end
  if blocks < length then hash = hash ~ mixed(rest) end
  hash = hash ~ length
  hash = ((hash ~ (hash >> 16)) * 0x85ebca6b) & mask
  hash = ((hash ~ (hash >> 13)) * 0xc2b2ae35) & mask
  return hash ~ (hash >> 16)
end

local function bucket(user, route)
  local flag = flags[route]
  if flag == nil then return nil end
  return (murmur3(flag .. user) * 10000) >> 32
end

if core then core.register_converters("changeover_bucket", bucket) end
return bucket
`
}

/** A request that names no user goes to the older side. */
function frontendLines(name: string, route: Route, options: SplitOptions): readonly string[] {
  if (!isSticky(route)) return [`default_backend ${route.backend}`]
  const { newer, map } = route.sticky
  const key = options.key ?? 'req.fhdr(x-user-id)'
  const variable = `txn.changeover_${name.replace(/[^A-Za-z0-9_]/g, '_')}`
  const older = Object.keys(route.sides).find((side) => side !== newer)!
  return [
    `http-request set-var(${variable}_share) str(${name}),map_str_int(${map},0)`,
    `http-request set-var(${variable}) ${key},lua.changeover_bucket(${name}),sub(${variable}_share)`,
    `use_backend ${route.sides[newer]} if { var(${variable}) -m int lt 0 }`,
    `default_backend ${route.sides[older]}`,
  ]
}

export function isSticky(route: Route): route is StickyRoute {
  return 'sticky' in route
}

export function stickyRoutes(routes: Settings['routes']): readonly (readonly [string, StickyRoute])[] {
  return Object.entries(routes).flatMap(([name, route]) => (isSticky(route) ? [[name, route] as const] : []))
}

/** Decimal escapes of Lua, for each byte that could mean something in a string. */
function quoted(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((each) => (isPlain(each) ? String.fromCharCode(each) : `\\${String(each).padStart(3, '0')}`))
    .join('')
}

function isPlain(each: number): boolean {
  return /^[A-Za-z0-9_.:-]$/.test(String.fromCharCode(each))
}
