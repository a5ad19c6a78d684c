/** The NeonHub v3.3 service: `node --import jiti/register v3/service.ts --config config/neonhub.yml [--port N]`. */
import { openDatabase } from '../service/database.ts'
import { workOffJobs } from '../service/jobs.ts'
import { isProgram, options, program } from '../../stage/program.ts'
import { type Handler, reply, serve, type Serving } from '../service/serve.ts'
import { readSettings, type Settings } from '../service/settings.ts'
import { v3Routes, v3Storage } from './api.ts'

const v3Version = '3.3.0'

/** Serves until `stop`. A `port` given here wins over `api.port`. */
export async function startV3(settings: Settings, port?: number): Promise<Serving> {
  const database = openDatabase(settings, 'neonhub-v3')
  await database.ready()
  const health: Handler = async () => {
    const answers = await database.value('SELECT 1').then(Boolean, () => false)
    return reply(
      { status: answers ? 'ok' : 'failing', version: v3Version, database: answers ? 'ok' : 'unreachable' },
      answers ? 200 : 503,
    )
  }
  const serving = await serve({
    host: settings.text('api.host'),
    port: port ?? settings.number('api.port'),
    tls: settings.flag('api.ssl.enabled', false)
      ? { certPath: settings.file('api.ssl.cert'), keyPath: settings.file('api.ssl.key') }
      : undefined,
    version: v3Version,
    routes: [['GET', '/api/v3/health', health], ...v3Routes(database, v3Storage)],
  })
  const jobs = workOffJobs(database, v3Storage.modelData.read)
  const stop = async (): Promise<void> => {
    await serving.stop()
    await jobs.stop()
    await database.close()
  }
  return { port: serving.port, stop }
}

if (isProgram(import.meta.filename)) {
  const given = options(['config', 'port'])
  await program('neonhub-v3', () =>
    startV3(
      readSettings(given.config ?? 'config/neonhub.yml', process.env),
      given.port === undefined ? undefined : Number(given.port),
    ),
  )
}
