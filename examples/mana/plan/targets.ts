/** What the plan reads and changes: in each environment a node, its flags, its figures and its API; and what is there once. */
import { type Environment, environments, type Modules, serviceName, serviceWords } from '../service-words.ts'

const portOf = (environment: Environment): string => `\${MANA_${environment.toUpperCase()}_PORT}`

/** A node of an environment, started in one of three ways; all three have the same address and the same state. */
function service(environment: Environment, modules: Modules) {
  const name = serviceName(environment, modules)
  const place = {
    home: '${MANA_HOME}',
    programs: '${MANA_PROGRAMS}',
    port: portOf(environment),
    peers: '${MANA_PEERS}',
    fault: `\${MANA_${environment.toUpperCase()}_FAULT}`,
  }
  return {
    adapter: 'process',
    config: {
      command: ['${MANA_NODE}', ...serviceWords(environment, modules, place)],
      folder: '${MANA_HOME}',
      pidFile: `\${MANA_HOME}/state/${name}.pid`,
      log: `\${MANA_HOME}/logs/${name}.log`,
      health: { url: `http://127.0.0.1:${portOf(environment)}/head`, timeoutMs: 2_000 },
    },
  }
}

function targetsOf(environment: Environment) {
  const url = `http://127.0.0.1:${portOf(environment)}`
  const services = (['v1', 'both', 'v2'] as const).map(
    (modules) => [serviceName(environment, modules), service(environment, modules)] as const,
  )
  return {
    ...Object.fromEntries(services),
    [`${environment}-flags`]: { adapter: 'flag-file', config: { path: `\${MANA_HOME}/flags/${environment}.json` } },
    [`${environment}-figures`]: { adapter: 'metrics-page', config: { url: `${url}/metrics` } },
    [`${environment}-api`]: { adapter: 'http', config: { url } },
  }
}

/** Measures both versions beside each other; what it is told is how long and how often. */
const bench = {
  adapter: 'command-metrics',
  config: {
    command: [
      '${MANA_NODE}',
      '${MANA_PROGRAMS}/figures-once.js',
      '${MANA_HOME}/figures.json',
      ...(process.env['MANA_FIGURES'] ?? '').split(' ').filter((word) => word !== ''),
    ],
    timeoutMs: 180_000,
  },
}

export const targets = {
  host: { adapter: 'host' },
  home: { adapter: 'files', config: { folder: '${MANA_HOME}' } },
  backups: { adapter: 'files', config: { folder: '${MANA_HOME}/backups' } },
  team: { adapter: 'http', config: { url: '${MANA_HOOK}' } },
  clients: { adapter: 'metrics-page', config: { url: '${MANA_CLIENTS}/metrics' } },
  bench,
  ...Object.assign({}, ...environments.map(targetsOf)),
}
