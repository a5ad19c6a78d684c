/** What the plan of this example changes and reads. Where it all is comes from `plan-environment.ts`; knows no step. */
import { v4Nodes } from '../parts.ts'

const example = new URL('..', import.meta.url).pathname
const project = new URL('../../..', import.meta.url).pathname

const configFile = (name: string) => `\${NEONHUB_HOME}/config/${name}`

/** A service of this example: its program, its place, and its pid file, which the system's own starter uses too. */
const service = (name: string, version: 'v3' | 'v4', health: string, words: readonly string[]) => {
  const at = `NEONHUB_${name.toUpperCase().replaceAll('-', '_')}`
  const program = ['${NEONHUB_NODE}', '--import', 'jiti/register', `${example}${version}/service.ts`]
  return {
    adapter: 'process',
    config: {
      command: [...program, ...words, '--port', `\${${at}_PORT}`],
      folder: project,
      pidFile: `\${NEONHUB_HOME}/state/${name}.pid`,
      log: `\${NEONHUB_HOME}/logs/${name}.log`,
      health: { url: `\${${at}}${health}`, timeoutMs: 2_000 },
    },
  }
}

const v4Words = [
  '--config',
  configFile('neonhub.v4.yml'),
  '--instead',
  configFile('neonhub.yml'),
  '--fault',
  '${NEONHUB_FAULT}',
]

export const targets = {
  host: { adapter: 'host' },
  db: { adapter: 'postgres', config: { url: '${NEONHUB_DATABASE_URL}' } },
  config: { adapter: 'files', config: { folder: '${NEONHUB_HOME}/config', watch: ['*.yml'] } },
  home: { adapter: 'files', config: { folder: '${NEONHUB_HOME}' } },
  backups: { adapter: 'files', config: { folder: '${NEONHUB_HOME}/backups' } },
  v3: service('v3', 'v3', '/api/v3/health', ['--config', configFile('neonhub.yml')]),
  ...Object.fromEntries(v4Nodes.map((node) => [node, service(node, 'v4', '/api/v1/health', v4Words)])),
  gateway: { adapter: 'http', config: { url: '${NEONHUB_GATEWAY}' } },
  traffic: { adapter: 'gateway', config: { url: '${NEONHUB_GATEWAY_CONTROL}', token: '${GATEWAY_TOKEN}' } },
  metrics: { adapter: 'metrics-page', config: { url: '${NEONHUB_GATEWAY_CONTROL}/metrics', shareMs: 50 } },
  'v4-api': { adapter: 'http', config: { url: '${NEONHUB_V4}' } },
  federation: {
    adapter: 'http',
    config: { url: '${NEONHUB_COORDINATOR}', headers: { authorization: 'Bearer ${FEDERATION_TOKEN}' } },
  },
  team: { adapter: 'http', config: { url: '${NEONHUB_HOOK}' } },
}
