/** Which requests a shadow may see: safe ones, answered by the old side, and not those that say they must not be asked again. */
import type { RouteSettings, Settings, ShadowSettings } from '../config.ts'
import type { Watcher } from '../front/front.ts'
import type { RequestHead } from '../front/request-head.ts'
import { isBelow, pathOf } from '../route.ts'
import { openSide, type SideRoom } from '../side.ts'
import { openObserver, type Observer, type ShadowFindings } from './observer.ts'

export interface Shadows {
  readonly watch: Watcher
  report(route: string): ShadowFindings | undefined
  /** When every sampled request was compared or given up. */
  idle(): Promise<void>
  sweep(now: number): void
  close(): void
}

export interface ShadowChance {
  random(): number
  now(): number
}

interface Shadow {
  readonly observer: Observer
  readonly settings: ShadowSettings
  /** With connections of their own: a user's request never waits behind a shadow's. */
  readonly sides: readonly SideRoom[]
}

export function openShadows(settings: Settings, chance: ShadowChance, startedAt: number): Shadows {
  const shadows = new Map<string, Shadow>()
  for (const [name, route] of Object.entries(settings.routes)) {
    if (route.shadow !== undefined) shadows.set(name, openShadow(route, route.shadow, settings, chance, startedAt))
  }
  const watch: Watcher = (route, side, request, head) => {
    const shadow = shadows.get(route.name)
    if (shadow === undefined || side.name !== shadow.settings.old) return undefined
    const method = request.method ?? ''
    if (!mayAskTwice(shadow.settings, method, head) || isConditional(request.rawHeaders)) return undefined
    return shadow.observer.witness({ method, target: head.target, fields: head.fields }, pathOf(head.target))
  }
  return {
    watch: shadows.size === 0 ? () => undefined : watch,
    report: (route) => shadows.get(route)?.observer.report(),
    idle: async () => void (await Promise.all([...shadows.values()].map(({ observer }) => observer.idle()))),
    sweep: (now) => {
      for (const { sides } of shadows.values()) for (const side of sides) side.sweep(now)
    },
    close: () => {
      for (const { observer, sides } of shadows.values()) {
        observer.close()
        for (const side of sides) side.close()
      }
    },
  }
}

function openShadow(
  route: RouteSettings,
  settings: ShadowSettings,
  all: Settings,
  chance: ShadowChance,
  startedAt: number,
): Shadow {
  const open = (name: string) =>
    openSide(name, { ...route.sides[name]!, limit: null }, { timeouts: all.timeouts, queue: 0, queueMs: 1, startedAt })
  const [old, next] = [open(settings.old), open(settings.new)]
  return { settings, sides: [old, next], observer: openObserver({ settings, old, next, ...chance }) }
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

function mayAskTwice(settings: ShadowSettings, method: string, head: RequestHead): boolean {
  if (safe.has(method)) return true
  const path = pathOf(head.target)
  // What could be read as another path by the service is not taken for the declared one.
  if (/\/\.\.?(\/|$)|%2e|%2f|%5c|\\|;|\/\//i.test(path)) return false
  return settings.safe.some((each) => each.method === method && isBelow(path, each.path))
}

/** Such an answer depends on what the client holds. */
const conditional = new Set([
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
])

function isConditional(raw: readonly string[]): boolean {
  for (let at = 0; at < raw.length; at += 2) if (conditional.has(raw[at]!.toLowerCase())) return true
  return false
}
