/** NeonHub v3.3 → v4.0: the whole upgrade guide as one plan. What is data of the guide stands in `parts.ts`. */
import { defineChangeover } from 'changeover'
import {
  addedColumns,
  analyzed,
  backupRetentionDays,
  checklist,
  compatibility,
  configDefaults,
  configKeys,
  documents,
  endpoints,
  federationConfig,
  indexes,
  registration,
  requirements,
  risks,
  rollbackMinutes,
  rollbackTriggers,
  schemaDown,
  schemaUp,
  v4Nodes,
  versionPaths,
} from './parts.ts'

const project = new URL('../..', import.meta.url).pathname

const configFile = (name: string) => `\${NEONHUB_HOME}/config/${name}`

/** A service of this example: its program, its place, and its pid file, which the system's own starter uses too. */
const service = (name: string, version: 'v3' | 'v4', health: string, words: readonly string[]) => {
  const at = `NEONHUB_${name.toUpperCase().replaceAll('-', '_')}`
  const program = ['${NEONHUB_NODE}', '--import', 'jiti/register', `${import.meta.dirname}/${version}/service.ts`]
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

const columns = (table: string) =>
  addedColumns.filter((each) => each.table === table).map(({ column, type }) => ({ name: column, type }))

/** A document around an old value: constants, the moment it was made, and the value itself, untouched to the digit. */
function around(document: (typeof documents)[keyof typeof documents]) {
  const constants = Object.entries(document.defaults).map(([name, value]) => [name, { constant: value }])
  const fields = {
    ...Object.fromEntries(constants),
    [document.moment]: { now: true },
    [document.at]: { from: document.source },
  }
  return [{ op: 'object', to: document.target, fields }]
}

/** v3 keeps a flag, v4 a record of what was consented to and when. */
const consent = around(documents.consent)
/** v4 wraps a model's data in an envelope. */
const modelData = around(documents.modelData)

/** Items of the go-live checklist that a step ticks; a person ticks the others. */
const ticks: Readonly<Record<string, string>> = {
  'Performance benchmarks met': 'criteria',
  'Backup and recovery tested': 'backup-database',
}

const database = { part: 'database', stage: 'Database' } as const
const onDatabase = { on: 'db', ...database } as const
/** The database cannot go back while v4 runs on it: these steps are rolled back with either. */
const application = { part: ['application', 'database'], stage: 'Application' }
const assessment = { stage: 'Assessment' } as const
const preparation = { stage: 'Preparation' } as const

const levels = { full: 'compatible', 'api change': 'api-change', deprecated: 'deprecated' } as const
const components = Object.fromEntries(
  Object.entries(compatibility.components).map(([name, { level, ...rest }]) => {
    const requiredActions = rest.requiredActions.map((action) => ({ action, done: true }))
    return [name, { ...rest, status: levels[level], requiredActions }]
  }),
)
const { breaking, deprecated, newRequired } = compatibility.configurationChanges

/** Above these the guide turns back by itself. */
const [errorRate, latencyIncrease] = rollbackTriggers

/** An address that a v3 client and a v4 server both know, and that reads the database. */
const measured = { path: '/api/v3/users/1', count: 300, intervalMs: 0, concurrency: 4 } as const

/** What the gateway says of one side of the clients' route: the median over the last second, in seconds. */
const ofRoute = (name: string, side: string) => `changeover_gateway_${name}{route="v3-api",side="${side}"}`
const medianOf = (side: string) => `histogram_quantile(0.5, rate(${ofRoute('duration_seconds_bucket', side)}[1s]))`

/** The guide's three rollback triggers, in guard of every moment of the shift. */
const triggers = [
  {
    id: 'error-rate',
    kind: 'gate.traffic',
    title: 'Does v4 fail too often?',
    on: 'traffic',
    spec: { route: 'v3-api', side: 'v4', intervalMs: 100, count: 0, minRequests: 20, maxErrorRate: errorRate.above },
  },
  {
    id: 'latency',
    kind: 'gate.metrics',
    title: 'Is v4 too slow?',
    on: 'metrics',
    spec: {
      baseline: 'traffic-baseline',
      metrics: {
        latency: {
          query: medianOf('v4'),
          samples: `increase(${ofRoute('duration_seconds_count', 'v4')}[1s])`,
          minSamples: 20,
          // A program that has just begun is slow for a moment; and 5 ms are what the median of a busy machine varies by.
          initialDelayMs: 600,
          intervalMs: 200,
          failureLimit: 2,
          maxIncreasePercent: latencyIncrease.above * 100,
          tolerate: 0.005,
          unit: 's',
        },
      },
    },
  },
  ...endpoints.map((path) => ({
    id: `works${path.replaceAll('/', '-')}`,
    kind: 'gate.probe',
    title: `Does v4 still answer ${path}?`,
    on: 'v4-api',
    spec: { path, count: 5, intervalMs: 200, success: { status: '2xx' as const, maxLatencyMs: 2_000 } },
  })),
]

export default defineChangeover({
  name: 'neonhub',
  from: '3.3.0',
  to: '4.0.0',
  journal: { folder: '${NEONHUB_HOME}/changeover' },
  targets: {
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
  },
  steps: [
    {
      id: 'versions',
      kind: 'assess.versions',
      title: 'Is there a supported path?',
      spec: {
        from: '3.3.0',
        to: '4.0.0',
        paths: versionPaths.map(({ from, to, via, complexity, downtimeMinutes }) => ({
          from,
          to,
          complexity,
          downtime: `${downtimeMinutes[0] / 60}-${downtimeMinutes[1] / 60} hours`,
          via: via === null ? [] : [`${via}.0`],
        })),
      },
      ...assessment,
    },
    {
      id: 'compatibility',
      kind: 'assess.compatibility',
      title: 'Which components change?',
      spec: { components, configurationChanges: { breaking, deprecated, newRequired } },
      ...assessment,
    },
    {
      id: 'requirements',
      kind: 'assess.requirements',
      title: 'Is the machine large enough?',
      on: 'host',
      // What the guide asks of production is measured too, and said as a risk: this system is smaller.
      spec: {
        minimum: requirements.example,
        recommended: requirements.minimum,
        extra: {},
        tools: { node: `>=${requirements.node}` },
      },
      ...assessment,
    },
    { id: 'database', kind: 'assess.database', title: 'How large is the database?', on: 'db', spec: {}, ...assessment },
    {
      id: 'activity',
      kind: 'assess.activity',
      title: 'Wait for jobs that are running',
      on: 'db',
      spec: {
        work: ["SELECT 'jobs' AS label, count(*) FROM jobs WHERE state = 'running'"],
        policy: 'drain',
        everyMs: 200,
      },
      ...assessment,
    },

    {
      id: 'begin',
      kind: 'notify.webhook',
      title: 'Tell the team',
      on: 'team',
      spec: { outcome: 'begins', onRollback: 'is rolled back' },
      ...preparation,
    },
    {
      id: 'backup-database',
      kind: 'backup.database',
      title: 'Back up the database, and restore it to see',
      on: { source: 'db', store: 'backups' },
      spec: { days: backupRetentionDays },
      ...preparation,
    },
    {
      id: 'backup-files',
      kind: 'backup.files',
      title: 'Back up configuration, data and certificates',
      on: { source: 'home', store: 'backups' },
      spec: {
        take: { configuration: ['config/*.yml'], certificates: ['config/certs/**'], data: ['data/**'] },
        environment: { files: ['config/.env'] },
        retentionDays: backupRetentionDays,
      },
      ...preparation,
    },
    {
      id: 'baseline',
      kind: 'gate.baseline',
      title: 'How does v3 do under load?',
      on: 'gateway',
      spec: measured,
      ...preparation,
    },

    {
      id: 'schema',
      kind: 'schema.sql',
      title: 'Tables of the federation',
      spec: { up: schemaUp, down: schemaDown },
      ...onDatabase,
    },
    {
      id: 'users-columns',
      kind: 'schema.add-column',
      title: 'New columns of users',
      spec: { table: 'users', columns: columns('users'), lockMs: 50 },
      ...onDatabase,
    },
    {
      id: 'models-columns',
      kind: 'schema.add-column',
      title: 'New columns of models',
      spec: { table: 'models', columns: columns('models'), lockMs: 50 },
      ...onDatabase,
    },
    {
      id: 'mirror-users',
      kind: 'data.mirror',
      title: 'Keep both shapes of users in step',
      spec: { table: 'users', lens: consent },
      ...onDatabase,
    },
    {
      id: 'mirror-models',
      kind: 'data.mirror',
      title: 'Keep both shapes of models in step',
      spec: { table: 'models', lens: modelData },
      ...onDatabase,
    },
    {
      id: 'transform-users',
      kind: 'data.transform',
      title: 'Transform users',
      spec: { table: 'users', lens: consent, targetMs: 50 },
      ...onDatabase,
    },
    {
      id: 'transform-models',
      kind: 'data.transform',
      title: 'Transform models',
      spec: { table: 'models', lens: modelData, targetMs: 50 },
      ...onDatabase,
    },
    ...indexes.map(({ name, table, columns: on }) => ({
      id: name.replaceAll('_', '-'),
      kind: 'schema.index',
      title: `Index ${name}`,
      spec: { name, table, columns: on },
      ...onDatabase,
    })),
    {
      id: 'analyze',
      kind: 'maintain.analyze',
      title: 'Statistics for the planner',
      spec: { tables: analyzed },
      ...onDatabase,
    },
    {
      id: 'compare',
      kind: 'data.compare',
      title: 'Does every row say the same in both shapes?',
      on: { source: 'db', target: 'db' },
      spec: {
        tables: [
          { source: 'public.users', lens: consent, critical: ['consent_records'] },
          { source: 'public.models', lens: modelData, critical: ['federation_model_data'] },
        ],
        rules: [
          {
            name: 'every user who consented has a record of it',
            sql: 'SELECT id FROM users WHERE consent_given AND consent_records IS NULL',
          },
          {
            name: 'every legacy node is a node of the federation',
            sql: "SELECT id FROM legacy_nodes l WHERE NOT EXISTS (SELECT FROM federation_nodes f WHERE f.node_id = 'legacy-node-' || l.id)",
          },
        ],
      },
      ...database,
    },

    {
      id: 'config',
      kind: 'config.rewrite',
      title: 'Configuration of v4',
      on: 'config',
      spec: {
        file: 'neonhub.yml',
        to: 'neonhub.v4.yml',
        map: configKeys,
        set: configDefaults,
        environment: { files: ['.env'], names: ['NEONHUB_COORDINATOR'] },
      },
      part: 'configuration',
      stage: 'Application',
    },
    ...v4Nodes.map((node, index) => ({
      id: `start-${node}`,
      kind: 'service.start',
      title: `Start node ${index + 1} of v4 beside v3, and wait until it is healthy`,
      on: node,
      spec: { pollMs: 100 },
      ...application,
    })),
    ...endpoints.map((path) => ({
      id: `probe${path.replaceAll('/', '-')}`,
      kind: 'gate.probe',
      title: `Does v4 answer ${path}?`,
      on: 'v4-api',
      spec: { path, count: 5, intervalMs: 20, success: { status: '2xx', maxLatencyMs: 2_000 } },
      ...application,
    })),
    {
      id: 'traffic-baseline',
      kind: 'gate.metrics-baseline',
      title: 'How fast is v3 for its clients, now that both shapes are kept?',
      on: 'metrics',
      spec: { queries: { latency: medianOf('v3') }, count: 6, intervalMs: 200 },
      ...application,
    },
    {
      id: 'shift',
      kind: 'traffic.shift',
      title: 'Send the clients to v4, a third at a time',
      on: 'traffic',
      spec: {
        route: 'v3-api',
        steps: [
          { to: { v3: 6_667, v4: 3_333 }, holdMs: 1_200 },
          { to: { v3: 3_333, v4: 6_667 }, holdMs: 800 },
        ],
        to: { v3: 0, v4: 10_000 },
        holdMs: 800,
        back: 'drain-first',
        serversUp: { v4: v4Nodes.length },
      },
      guards: triggers,
      ...application,
    },
    {
      id: 'open-v4',
      kind: 'traffic.shift',
      title: "Open v4's own API",
      on: 'traffic',
      spec: { route: 'v4-api', to: { v3: 0, v4: 10_000 }, back: 'drain-first', serversUp: { v4: v4Nodes.length } },
      ...application,
    },

    {
      id: 'federation-config',
      kind: 'config.rewrite',
      title: 'Enable the federation',
      on: 'config',
      spec: { file: 'neonhub.v4.yml', set: federationConfig('${NEONHUB_COORDINATOR}') },
      part: ['federation', 'configuration'],
      stage: 'Federation',
    },
    {
      id: 'register',
      kind: 'http.call',
      title: 'Register the node',
      on: 'federation',
      spec: {
        look: { path: `/api/v1/federation/nodes/${registration.nodeId}` },
        do: { method: 'POST', path: '/api/v1/federation/nodes', body: registration },
        undo: { method: 'DELETE', path: `/api/v1/federation/nodes/${registration.nodeId}` },
      },
      part: 'federation',
      stage: 'Federation',
    },
    {
      id: 'active',
      kind: 'gate.probe',
      title: 'Is the node active?',
      on: 'federation',
      spec: {
        path: `/api/v1/federation/nodes/${registration.nodeId}`,
        count: 1,
        intervalMs: 100,
        requires: { body: [{ at: '/status', equals: 'active' }] },
        success: { status: '2xx' },
        undecidedMs: 20_000,
      },
      part: 'federation',
      stage: 'Federation',
    },

    {
      id: 'observe',
      kind: 'gate.soak',
      title: 'Watch v4 for a while',
      spec: { forMs: 2_000 },
      guards: [
        {
          id: 'errors',
          kind: 'gate.probe',
          on: 'gateway',
          spec: { path: measured.path, count: 20, intervalMs: 20, overall: { errorRate: { max: errorRate.above } } },
        },
      ],
      stage: 'After',
    },
    {
      id: 'criteria',
      kind: 'gate.probe',
      title: 'Are the success criteria met?',
      on: 'gateway',
      spec: {
        ...measured,
        advisory: true,
        baseline: 'baseline',
        overall: {
          availability: { min: 0.999 },
          errorRate: { max: 0.001 },
          p50Ms: { maxIncrease: 0.1 },
          throughput: { minOfBaseline: 0.9 },
        },
      },
      stage: 'After',
    },
    {
      id: 'end',
      kind: 'notify.webhook',
      title: 'Tell the team',
      on: 'team',
      spec: { outcome: 'serves v4' },
      stage: 'After',
    },
    {
      id: 'go-live',
      kind: 'gate.confirm',
      title: 'Go-live checklist',
      spec: { items: [...checklist] },
      approval: 'Is every item of the go-live checklist done?',
      stage: 'After',
    },
    {
      id: 'drain-v3',
      kind: 'traffic.drain',
      title: 'Let v3 finish what it has',
      on: 'traffic',
      spec: { route: 'v3-api', side: 'v3', withinMs: 10_000 },
      part: ['application', 'database'],
      stage: 'After',
    },
    {
      id: 'stop-v3',
      kind: 'service.stop',
      title: 'Stop v3',
      on: 'v3',
      spec: {},
      part: ['application', 'database'],
      stage: 'After',
    },
    {
      id: 'retire-v3',
      kind: 'schema.seal',
      title: 'Retire the shape of v3',
      on: 'db',
      spec: {
        tables: ['legacy_nodes'],
        columns: ['users.consent_given', 'models.model_data'],
        triggers: [],
        functions: [],
      },
      approval: 'Nothing brings the old columns back after this. Retire v3 for good?',
      stage: 'After',
    },
  ],
  risks: [...risks],
  checklist: checklist.map((item) => (ticks[item] === undefined ? { item } : { item, step: ticks[item] })),
  communication: [
    'Before: tell users and support when the upgrade begins',
    'At the switch: tell support that v4 serves',
    `After: tell users what is new; tell everybody should it be rolled back, which shall take no longer than ${rollbackMinutes} minutes`,
  ],
})
