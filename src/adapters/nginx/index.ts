/** The adapter `nginx`: the traffic port by a file that nginx includes, tested and reloaded. It cannot see its sides and cannot drain one, and says so. */
import { resolve } from 'node:path'
import { ChangeoverError } from '../../core/errors.ts'
import { block, type Finding, note, risk } from '../../core/finding.ts'
import { defineAdapter, type Opener, type Target, withDefaults } from '../../core/kind.ts'
import type { Shares, TrafficWriter } from '../../core/ports/index.ts'
import { type FileWords, keepText, readIfThere } from '../../durable/index.ts'
import { mustBeWhole, namedIn, sharesOnly } from '../../traffic/index.ts'
import { masterOf, reload, runsBy, testConfiguration, toldAgain, Unsure } from './reload.ts'
import { type NginxConfig, type Settings, settingsShape } from './settings.ts'
import { firstShares, readSplitFile, splitFile } from './split-file.ts'

const splitWords: FileWords = { what: 'split', missing: 'make the folder that the configuration of nginx names' }

export type { NginxConfig } from './settings.ts'

export const nginx = defineAdapter({
  name: 'nginx',
  port: 'traffic',
  summary:
    'nginx by a generated file that it includes: tested before each reload, put back when the test fails. Tells nothing of its sides, drains none.',
  ...withDefaults(settingsShape, openTarget),
  example: {
    include: '/etc/nginx/conf.d/changeover.conf',
    routes: {
      api: { sides: { v1: 'api_v1', v2: 'api_v2' } },
      shop: { bucket: { header: 'X-Changeover-Bucket', newer: 'v2' }, sides: { v1: 'shop_v1', v2: 'shop_v2' } },
    },
  },
  // Sticky as flags are only where the bucket comes in a header: the hash of nginx itself is another.
  tools: { name: 'nginx', sticky: true, step: 1 },
})

/** The file to begin with: every route wholly on the side that its plan names first. */
export function nginxSplit(config: NginxConfig): { readonly include: string; readonly text: string } {
  const { include, routes } = settingsShape.parse(config)
  return { include, text: splitFile(routes, firstShares(routes)) }
}

async function openTarget(given: Settings, who: Opener): Promise<Target<'traffic'>> {
  const settings = { ...given, include: resolve(who.base, given.include), pidFile: resolve(who.base, given.pidFile) }
  const control = openControl(settings)
  return {
    identity: async () => `nginx:${settings.include}`,
    observe: async () => {
      const shares = await sharesOf(settings)
      const facts = Object.entries(settings.routes).map(([name, route]) => {
        return [name, { sticky: 'bucket' in route, shares: shares[name]! }] as const
      })
      return { routes: Object.fromEntries(facts) }
    },
    ready: () => readiness(settings),
    read: control,
    write: control,
    // A file has no sessions to end; what it says is looked at before and after each change.
    fence: async () => undefined,
    close: async () => undefined,
  }
}

/** nginx without its paid parts counts by server, not by upstream. */
function openControl(settings: Settings): TrafficWriter {
  return sharesOnly(settings.routes, {
    who: 'nginx',
    instead: 'shift its share to 0 with `traffic.shift` instead',
    shares: async (name) => (await sharesOf(settings))[name]!,
    shift: (name, shares) => shift(settings, name, shares),
  })
}

/** Reloads also when the file says so already: a tool that was killed may have written it and told nobody. */
async function shift(settings: Settings, name: string, shares: Shares): Promise<Shares> {
  mustBeWhole(name, shares, Object.keys(namedIn(settings.routes, name, 'route').sides))
  const old = await readIfThere(settings.include, splitWords)
  await masterOf(settings)
  const fresh = splitFile(settings.routes, { ...(await sharesOf(settings)), [name]: shares })
  if (fresh !== old) await keepText(settings.include, fresh, splitWords)
  try {
    await testConfiguration(settings)
    await reload(settings)
  } catch (error) {
    if (fresh !== old) await keepText(settings.include, old, splitWords)
    throw error instanceof Unsure ? await toldAgain(settings, error) : error
  }
  return (await sharesOf(settings))[name]!
}

async function sharesOf(settings: Settings) {
  const text = await readIfThere(settings.include, splitWords)
  if (text !== '') return readSplitFile(text, settings.routes, settings.include)
  throw new ChangeoverError(
    'target.failed',
    `"${settings.include}" is not there, or empty`,
    'write it once with `nginxSplit` of "changeover", and include it in `http` of nginx',
  )
}

const reloads = note(
  'traffic.reloads',
  'each change of shares reloads nginx, which closes connections that are idle: a client that sends at that moment, and does not try again, sees an error',
  'let clients and proxies before nginx try again once, or use HAProxy where not one request may fail',
)

function notLoaded({ include }: Settings): Finding {
  return risk(
    'traffic.not-loaded',
    `"${include}" was written after every worker of nginx began: they share by another file than this one`,
    'tell nginx to read it: `nginx -s reload`; each shift does so too',
  )
}

async function readiness(settings: Settings): Promise<readonly Finding[]> {
  await masterOf(settings)
  try {
    await testConfiguration(settings)
    return (await runsBy(settings, settings.include)) === false ? [reloads, notLoaded(settings)] : [reloads]
  } catch (error) {
    const { message } = error as Error
    return [
      block(
        'traffic.bad-configuration',
        message,
        `run \`${[...settings.command, '-t'].join(' ')}\` and mend what it names`,
      ),
    ]
  }
}
