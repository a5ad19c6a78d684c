/** Mana V1 → V2: the whole migration guide as one plan. What is data of the guide stands in `parts.ts`, what is measured in `gates.ts`. */
import { defineChangeover } from 'changeover'
import { alertMetrics, baselineQueries, clientMetrics, shadowMetrics, targetMetrics, v1UnusedMetrics } from './gates.ts'
import { flagNames } from './flag-settings.ts'
import { checklist, components, requirements, risks, versionPaths } from './parts.ts'
import { periods } from './rollout.ts'
import { type Environment, environments, type Modules, serviceName, serviceWords } from './service-words.ts'

const project = new URL('../..', import.meta.url).pathname

/** How many times shorter than the guide's the waits are: two days in three seconds, unless said. */
const compress = Number(process.env['MANA_COMPRESS'] ?? 57_600)
const twoDaysMs = 2 * 86_400_000

const portOf = (environment: Environment): string => `\${MANA_${environment.toUpperCase()}_PORT}`

/** A node of an environment, started in one of three ways; all three have the same address and the same state. */
function service(environment: Environment, modules: Modules) {
  const name = serviceName(environment, modules)
  const place = {
    home: '${MANA_HOME}',
    port: portOf(environment),
    peers: '${MANA_PEERS}',
    fault: `\${MANA_${environment.toUpperCase()}_FAULT}`,
  }
  return {
    adapter: 'process',
    config: {
      command: ['${MANA_NODE}', ...serviceWords(environment, modules, place)],
      folder: project,
      pidFile: `\${MANA_HOME}/state/${name}.pid`,
      log: `\${MANA_HOME}/logs/${name}.log`,
      health: { url: `http://127.0.0.1:${portOf(environment)}/head`, timeoutMs: 2_000 },
    },
  }
}

const targetsOf = (environment: Environment) => {
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

const quick = { pollMs: 50, graceMs: 10_000 }
const assessment = { stage: 'Assessment' } as const
const preparation = { stage: 'Preparation' } as const

/** From one way of starting a node to another. Rolled back, it is the guide's restart with v1 alone. */
const restart = (environment: Environment, from: Modules, to: Modules, stage: string) => [
  {
    id: `${environment}-stop-${from}`,
    kind: 'service.stop',
    title: `Stop the node of ${environment}; its state is kept`,
    on: serviceName(environment, from),
    spec: quick,
    stage,
  },
  {
    id: `${environment}-start-${to}`,
    kind: 'service.start',
    title: to === 'both' ? `Start ${environment} with v1 and v2 side by side` : `Start ${environment} with v2 alone`,
    on: serviceName(environment, to),
    spec: quick,
    stage,
  },
]

const baseline = (environment: Environment) => ({
  id: `${environment}-baseline`,
  kind: 'gate.metrics-baseline',
  title: `How does v1 do in ${environment}?`,
  on: `${environment}-figures`,
  spec: { queries: baselineQueries, count: 10, intervalMs: 300, missing: 15 },
  stage: 'Parallel deployment',
})

const shadowFlag = (environment: Environment, percent: number) => ({
  id: `${environment}-shadow-${percent === 0 ? 'off' : 'on'}`,
  kind: 'flags.set',
  title: percent === 0 ? 'End the shadow' : 'Run v2 beside v1, on real calls; v1 answers',
  on: `${environment}-flags`,
  spec: { flag: flagNames.shadow, percent, why: 'shadow test' },
  stage: 'Shadow',
})

const shadow = (environment: Environment) => [
  shadowFlag(environment, 50),
  {
    id: `${environment}-shadow`,
    kind: 'gate.metrics',
    title: 'Does v2 answer what v1 answers?',
    on: `${environment}-figures`,
    spec: { metrics: shadowMetrics, undecidedMs: 20_000 },
    stage: 'Shadow',
  },
  shadowFlag(environment, 0),
]

const snapshot = (environment: Environment) => ({
  id: `${environment}-snapshot`,
  kind: 'http.call',
  title: `State of ${environment} as it is`,
  on: `${environment}-api`,
  spec: { do: { method: 'PUT', path: '/snapshot' }, undo: { method: 'DELETE', path: '/snapshot' } },
  ...preparation,
})

const ask = (id: string, title: string, items: readonly string[], approval: string, stage: string) => ({
  id,
  kind: 'gate.confirm',
  title,
  spec: { items: [...items] },
  approval,
  stage,
})

const tell = (id: string, outcome: string, stage: string) => ({
  id,
  kind: 'notify.webhook',
  title: 'Tell the team',
  on: 'team',
  spec: { outcome, onRollback: `is turned back (${id})` },
  stage,
})

const goToProduction = [
  tell('test-done', 'is through test and half of staging', 'Week 1, day 5-7'),
  ask(
    'go-production',
    'Into production',
    ['the support team is ready', 'test and staging were quiet'],
    'Shall real users get answers of v2?',
    'Week 1, day 5-7',
  ),
]

const rollout = periods(compress).flatMap(({ name, steps }) => {
  const production = steps.findIndex(({ id }) => id.startsWith('production-'))
  return name === 'Week 1, day 5-7'
    ? [...steps.slice(0, production), ...goToProduction, ...steps.slice(production)]
    : steps
})

const monitored = { stage: 'Week 3, day 3-4' } as const
const retirement = 'Week 3, day 5-7'

export default defineChangeover({
  name: 'mana',
  from: '1.0.0',
  to: '2.0.0',
  journal: { folder: '${MANA_HOME}/changeover' },
  targets: {
    host: { adapter: 'host' },
    home: { adapter: 'files', config: { folder: '${MANA_HOME}' } },
    backups: { adapter: 'files', config: { folder: '${MANA_HOME}/backups' } },
    team: { adapter: 'http', config: { url: '${MANA_HOOK}' } },
    clients: { adapter: 'metrics-page', config: { url: '${MANA_CLIENTS}/metrics' } },
    bench: {
      adapter: 'command-metrics',
      config: {
        command: [
          process.execPath,
          '--import',
          'jiti/register',
          `${import.meta.dirname}/figures-once.ts`,
          '${MANA_HOME}/figures.json',
          ...(process.env['MANA_FIGURES'] ?? '').split(' ').filter((word) => word !== ''),
        ],
        timeoutMs: 180_000,
      },
    },
    ...Object.assign({}, ...environments.map(targetsOf)),
  },
  steps: [
    {
      id: 'versions',
      kind: 'assess.versions',
      title: 'Is there a supported path?',
      spec: { from: '1.0.0', to: '2.0.0', paths: [...versionPaths] },
      ...assessment,
    },
    {
      id: 'compatibility',
      kind: 'assess.compatibility',
      title: 'Which modules change?',
      spec: { components },
      ...assessment,
    },
    {
      id: 'requirements',
      kind: 'assess.requirements',
      title: 'Is the machine large enough?',
      on: 'host',
      spec: { minimum: requirements.minimum, tools: { node: requirements.node } },
      ...assessment,
    },
    tell('begin', 'begins', 'Preparation'),
    ...environments.map(snapshot),
    {
      id: 'backup',
      kind: 'backup.files',
      title: 'Back up state and flags, and read them back',
      on: { source: 'home', store: 'backups' },
      spec: { take: { state: ['state/*.snapshot'], flags: ['flags/*.json'] }, retentionDays: 30 },
      ...preparation,
    },
    ...environments.flatMap((environment) => restart(environment, 'v1', 'both', 'Parallel deployment')),
    ...environments.map(baseline),
    ...shadow('test'),
    ...shadow('production'),
    ...rollout,
    {
      id: 'monitor',
      kind: 'gate.soak',
      title: 'Watch v2 alone for two days',
      spec: { forMs: Math.round(twoDaysMs / compress), compressed: { of: '2d', by: compress } },
      guards: environments.map((environment) => ({
        id: `monitor-${environment}`,
        kind: 'gate.metrics',
        on: `${environment}-figures`,
        spec: { metrics: alertMetrics(), baseline: `${environment}-baseline` },
      })),
      ...monitored,
    },
    ...environments.map((environment) => ({
      id: environment === 'production' ? 'v1-unused' : `v1-unused-${environment}`,
      kind: 'gate.metrics',
      title: `Does nobody ask v1 in ${environment} any more?`,
      on: `${environment}-figures`,
      spec: { metrics: v1UnusedMetrics },
      ...monitored,
    })),
    {
      id: 'nothing-lost',
      kind: 'gate.metrics',
      title: 'What do the clients say?',
      on: 'clients',
      spec: { metrics: clientMetrics },
      ...monitored,
    },
    {
      id: 'targets',
      kind: 'gate.metrics',
      title: 'Are the performance targets met?',
      on: 'bench',
      spec: { metrics: targetMetrics },
      ...monitored,
    },
    ask(
      'go-retire',
      'Retire v1',
      ['nobody asks v1', 'the targets were looked at, met or not'],
      'Shall the nodes be started without v1 from now on?',
      retirement,
    ),
    ...environments.flatMap((environment) => restart(environment, 'both', 'v2', retirement)),
    ...environments.map((environment) => ({
      id: environment === 'production' ? 'v2-alone' : `v2-alone-${environment}`,
      kind: 'gate.probe',
      title: `Does v2 alone serve ${environment}?`,
      on: `${environment}-api`,
      spec: {
        path: '/status',
        count: 3,
        intervalMs: 200,
        success: {
          status: '2xx',
          body: [
            { at: '/modules', equals: 'v2' },
            { at: '/transaction_pool/version', equals: 'v2' },
            { at: '/sync_service/version', equals: 'v2' },
            { at: '/trouble', equals: null },
          ],
        },
      },
      stage: retirement,
    })),
    tell('end', 'runs v2 alone', retirement),
  ],
  risks: [...risks],
  checklist: checklist.map((each) => ({ ...each })),
  communication: [
    'Before production: the team is told, and a person agrees',
    'Should it turn back by itself: the team is told at once, and the plan is held until `changeover release`',
    'Before v1 is retired: a person agrees, with the evidence that nobody asks it',
  ],
})
