/** `changeover gateway`: the built-in gateway of a configuration file in this terminal, until it is told to stop. */
import { existsSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { isObject, type Json } from '../../core/json.ts'
import { type Locate, showPath } from '../../core/shape.ts'
import { loadModule } from '../../engine/load.ts'
import { readYaml } from '../../engine/load-yaml.ts'
import { Secrets } from '../../engine/secrets.ts'
import type { Gateway, GatewayConfig } from '../../gateway/index.ts'
import { showShares } from '../../traffic/index.ts'
import type { Door } from '../door.ts'

export async function gateway(file: string, door: Door): Promise<number> {
  const leaving = leave()
  try {
    const { readGatewayConfig, startGateway } = await import('../../gateway/index.ts')
    const secrets = new Secrets(door.env)
    const { config, locate } = await configOf(resolve(door.cwd, file), secrets)
    const running = await told(secrets, () => {
      readGatewayConfig(config, locate)
      return startGateway(config)
    })
    sayStarted(running, door)
    await leaving.asked
    if (!door.json) door.err('ending: requests under way are waited for; Ctrl-C again cuts them\n')
    await running.close()
    door.out(door.json ? `${JSON.stringify({ ended: true, counts: countsOf(running) })}\n` : 'the gateway has ended\n')
    return 0
  } finally {
    leaving.end()
  }
}

/** Once ends in order; again ends at once. */
function leave(): { readonly asked: Promise<void>; end(): void } {
  let first: () => void = () => undefined
  let already = false
  const asked = new Promise<void>((done) => {
    first = done
  })
  const signalled = (): void => {
    if (already) process.exit(130)
    already = true
    first()
  }
  process.on('SIGINT', signalled).on('SIGTERM', signalled)
  return { asked, end: () => void process.off('SIGINT', signalled).off('SIGTERM', signalled) }
}

interface Read {
  readonly config: GatewayConfig
  readonly locate: Locate
}

/** In YAML, JSON, or a module. `${NAME}` comes from the environment; the state file is meant from the folder of the configuration. */
async function configOf(file: string, secrets: Secrets): Promise<Read> {
  if (!existsSync(file))
    throw new ChangeoverError(
      'usage.invalid',
      `there is no gateway configuration "${file}"`,
      'name a file; `changeover docs gateway` shows one',
    )
  const name = basename(file)
  const read = /\.[cm]?[jt]s$/.test(file)
    ? { value: await loadModule(file, 'default'), lineOf: () => undefined }
    : await readYaml(file)
  const locate: Locate = (path) => {
    const line = read.lineOf(path)
    return `${name}: ${line === undefined ? '' : `line ${line}: `}${showPath(path)}`
  }
  const filled = secrets.fill(read.value, `the gateway of ${name}`) as Json
  const state = isObject(filled) ? filled['state'] : undefined
  const config = typeof state === 'string' ? { ...(filled as object), state: resolve(dirname(file), state) } : filled
  return { config: config as unknown as GatewayConfig, locate }
}

/** What came from the environment is never in a message. */
async function told<T>(secrets: Secrets, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (!isChangeoverError(error)) throw error
    throw new ChangeoverError(error.code, secrets.redactText(error.message), error.help)
  }
}

function sayStarted(running: Gateway, door: Door): void {
  const routes = Object.entries(running.facts.routes)
  if (door.json) {
    const shares = Object.fromEntries(routes.map(([route, each]) => [route, each.shares]))
    door.out(`${JSON.stringify({ listening: running.url, control: running.controlUrl, shares })}\n`)
    return
  }
  door.out(`listening at ${running.url}, control at ${running.controlUrl}\n`)
  for (const [route, { shares, sticky }] of routes)
    door.out(`  ${door.paint.strong(route)}  ${showShares(shares)}${sticky ? ', users stay on their side' : ''}\n`)
}

function countsOf(running: Gateway): object {
  return Object.fromEntries(Object.keys(running.facts.routes).map((route) => [route, running.counts(route)]))
}
