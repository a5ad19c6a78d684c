/**
 * The NeonHub v4.0 service: `v4/service.ts --config config/neonhub.v4.yml [--instead config/neonhub.yml] [--port N] [--fault NAME]`.
 * Keeps the v3 API alive.
 */
import { openDatabase } from '../service/database.ts'
import { workOffJobs } from '../service/jobs.ts'
import { isProgram, options, program, say } from '../../stage/program.ts'
import { type Handler, reply, serve, type Serving } from '../service/serve.ts'
import type { Settings } from '../service/settings.ts'
import { type Watched, watchSettings } from '../service/watched.ts'
import { v3Routes } from '../v3/api.ts'
import { complianceStatus } from './compliance.ts'
import { type Fault, faultFrom, spoiled } from './fault.ts'
import { federationRoutes, markActive, nodeId } from './federation.ts'
import { startHeartbeat } from './heartbeat.ts'
import { learningRoutes } from './learning.ts'
import { migrationHealth, schemaReady } from './migration.ts'
import { recordRoutes } from './records.ts'
import { v4Storage } from './storage.ts'

const v4Version = '4.0.0'

/** Throws when settings are not of v4's shape; those of v3 are recognised by `api.ssl`. */
export function soundV4(settings: Settings): void {
  if (settings.has('api.ssl')) throw new Error(`${settings.path}: "api.ssl" is a key of v3; v4 reads "api.tls"`)
  for (const key of ['database.host', 'database.name', 'database.username', 'database.password', 'api.host'])
    settings.text(key)
  for (const key of ['database.port', 'api.port']) settings.number(key)
  if (!settings.flag('federation.enabled', false)) return
  for (const key of ['federation.nodeId', 'federation.coordinatorUrl']) settings.text(key)
  if (settings.secret('FEDERATION_TOKEN') === null)
    throw new Error(`${settings.path}: the federation is enabled without FEDERATION_TOKEN`)
}

/** While v4's own file is not there, v3's does: federation and aix are off, and `api.ssl` is read as `api.tls` is. */
export function soundV3(settings: Settings): void {
  for (const key of ['database.host', 'database.name', 'database.username', 'database.password', 'api.host'])
    settings.text(key)
}

/** Serves until `stop`. A `port` given here wins over `api.port`. Federation, aix and compliance follow the file as it changes. */
export async function startV4(watched: Watched, port?: number, fault: Fault = 'none'): Promise<Serving> {
  const settings = watched.now()
  const database = openDatabase(settings, 'neonhub-v4')
  await database.ready()
  const heartbeat = startHeartbeat(watched.now, async (id) => void (await markActive(database, id)))
  const health: Handler = async () => {
    const ready = await schemaReady(database).catch(() => null)
    const state = ready === null ? 'unreachable' : ready ? 'ok' : 'not migrated'
    return reply({ status: ready ? 'ok' : 'failing', version: v4Version, database: state }, ready ? 200 : 503)
  }
  const serving = await serve({
    host: settings.text('api.host'),
    port: port ?? settings.number('api.port'),
    tls: tlsOf(settings),
    version: v4Version,
    routes: spoiled(fault, [
      ['GET', '/api/v1/health', health],
      ['GET', '/api/v3/health', health],
      ['GET', '/health/migration', migrationHealth(database, watched.trouble)],
      ['GET', '/api/v1/compliance/status', complianceStatus(database, watched.now)],
      ...federationRoutes(database, watched.now, heartbeat.heard),
      ...learningRoutes(database, watched.now),
      ...recordRoutes(database, () => nodeId(watched.now())),
      ...v3Routes(database, v4Storage),
    ]),
  })
  const jobs = workOffJobs(database, v4Storage.modelData.read)
  const stop = async (): Promise<void> => {
    watched.stop()
    await heartbeat.stop()
    await serving.stop()
    await jobs.stop()
    await database.close()
  }
  return { port: serving.port, stop }
}

function tlsOf(settings: Settings): { certPath: string; keyPath: string } | undefined {
  if (settings.flag('api.tls.enabled', false))
    return { certPath: settings.file('api.tls.certPath'), keyPath: settings.file('api.tls.keyPath') }
  return settings.flag('api.ssl.enabled', false)
    ? { certPath: settings.file('api.ssl.cert'), keyPath: settings.file('api.ssl.key') }
    : undefined
}

if (isProgram(import.meta.filename)) {
  const given = options(['config', 'instead', 'port', 'fault'])
  const path = given.config ?? 'config/neonhub.yml'
  await program('neonhub-v4', () => {
    const instead = given.instead === undefined ? undefined : { path: given.instead, sound: soundV3 }
    const watched = watchSettings(path, process.env, soundV4, () => say('settings.read', { path }), instead)
    return startV4(watched, given.port === undefined ? undefined : Number(given.port), faultFrom(given.fault ?? 'none'))
  })
}
