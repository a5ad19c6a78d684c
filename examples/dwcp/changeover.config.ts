/** DWCP v1 → v3: the whole upgrade guide as one plan for a fleet. What is data of the guide stands in `parts.ts`, what is measured in `gates.ts`. */
import { defineChangeover } from 'changeover'
import { compatibleMetrics, figures, unusedMetrics } from './gates.ts'
import { logFile, type NodeAddress, nodeWords, pidFile, readInventory, settingsFile } from './inventory.ts'
import { checklist, components, requirements, risks, versionPaths } from './parts.ts'
import { paceIn, planIn } from './plan-environment.ts'
import { rollingDeployment } from './rolling.ts'
import { flagStep, lastGuards, sixWeeks } from './rollout.ts'
import { letPass, rehearsedMs } from './waits.ts'
import { features, type Version } from './wire/features.ts'

const { home, door, owner, program, fault } = planIn(process.env)
const pace = paceIn(process.env)
const { nodes } = readInventory(home)

/** A node started in one of two ways; both have the same addresses and the same state file. */
function service(node: NodeAddress, version: Version) {
  const words = nodeWords(node, { home, program, version, owner, fault })
  const config = {
    command: [process.execPath, ...words],
    folder: home,
    pidFile: pidFile(home, node.id, version),
    log: logFile(home, node.id),
    health: { url: `${node.admin}/health`, timeoutMs: 2_000 },
  }
  return [`${node.id}-${version}`, { adapter: 'process', config }] as const
}

/** A program of this folder that measures something and prints it. */
const measurer = (script: string, ...words: readonly string[]) => ({
  adapter: 'command-metrics',
  config: {
    command: [process.execPath, '--import', 'jiti/register', `${import.meta.dirname}/${script}.ts`, home, ...words],
    timeoutMs: 180_000,
  },
})

const assessment = { stage: 'Assessment' } as const
const preparation = { stage: 'Week 1: preparation' } as const
const off = { stage: 'Week 1: v3 with everything off' } as const
const validation = { stage: 'Week 5: validation' } as const
const month = { stage: 'After 30 days: archive' } as const
const cleanUp = { stage: 'After 60 days: clean-up' } as const

const tell = (id: string, outcome: string, stage: string) => ({
  id,
  kind: 'notify.webhook',
  title: 'Tell the team',
  on: 'door',
  spec: { path: '/team', outcome, onRollback: `is turned back (${id})` },
  stage,
})

const capture = (id: string, title: string, at: { readonly stage: string }) => ({
  id,
  kind: 'gate.metrics-baseline',
  title,
  on: 'figures',
  spec: { queries: figures, count: pace.captures, intervalMs: 500, consecutiveErrorLimit: 40 },
  ...at,
})

/** A figure of one program, judged. */
const judged = (id: string, title: string, on: string, metrics: object) => ({
  id,
  kind: 'gate.metrics',
  title,
  on,
  spec: { metrics },
  ...validation,
})

const soakMs = rehearsedMs(7, pace.compressSoak)
const recovered = { recovery: { query: '/recoveredMs', max: 20_000, unit: 'ms' } }

export default defineChangeover({
  name: 'dwcp',
  from: '1.0.0',
  to: '3.0.0',
  journal: { folder: `${home}/changeover` },
  targets: {
    host: { adapter: 'host' },
    home: { adapter: 'files', config: { folder: home } },
    backups: { adapter: 'files', config: { folder: `${home}/backups` } },
    door: { adapter: 'http', config: { url: door } },
    flags: { adapter: 'flag-file', config: { path: `${home}/config/flags.json` } },
    settings: { adapter: 'settings-file', config: { path: settingsFile(home) } },
    figures: { adapter: 'metrics-page', config: { url: `${door}/metrics` } },
    leak: measurer('leak', String(soakMs / 1_000)),
    integrity: measurer('integrity'),
    kill: measurer('chaos', 'kill'),
    partition: measurer('chaos', 'partition'),
    ...Object.fromEntries(nodes.flatMap((node) => [service(node, 'v1'), service(node, 'v3')])),
  },
  // A gate that fails switches every feature off before anything else is undone.
  backFirst: ['flags'],
  steps: [
    {
      id: 'versions',
      kind: 'assess.versions',
      title: 'Is there a supported path?',
      spec: { from: '1.0.0', to: '3.0.0', paths: [...versionPaths] },
      ...assessment,
    },
    {
      id: 'compatibility',
      kind: 'assess.compatibility',
      title: 'Which parts change?',
      spec: { components },
      ...assessment,
    },
    {
      id: 'requirements',
      kind: 'assess.requirements',
      title: 'Does the machine meet the prerequisites?',
      on: 'host',
      spec: {
        minimum: requirements.minimum,
        recommended: requirements.recommended,
        tools: { node: requirements.node },
      },
      ...assessment,
    },
    tell('begin', 'begins', preparation.stage),
    {
      id: 'export',
      kind: 'http.call',
      title: 'Export the state of every node',
      on: 'door',
      spec: { do: { method: 'PUT', path: '/export' }, undo: 'nothing' },
      ...preparation,
    },
    {
      id: 'backup',
      kind: 'backup.files',
      title: 'Back up configuration and exported states, and read them back',
      on: { source: 'home', store: 'backups' },
      spec: { take: { configuration: ['config/*.json', 'fleet.json'], state: ['exports/*.json'] }, retentionDays: 30 },
      ...preparation,
    },
    capture('baseline', 'How does v1 do?', preparation),
    ...rollingDeployment(nodes),
    ...features.map((name) => ({
      id: `off-${name.replaceAll('_', '-')}`,
      title: `${name} at 0 %`,
      on: 'flags',
      ...flagStep({ name, percent: 0, period: 'Week 1' }),
      ...off,
    })),
    {
      id: 'compatible',
      kind: 'gate.metrics',
      title: 'Is v3 with everything off the same as v1?',
      on: 'figures',
      spec: { metrics: compatibleMetrics(pace.looks), baseline: 'baseline', undecidedMs: 60_000 },
      ...off,
    },
    tell('deployed', 'runs v3 with every feature off', off.stage),
    ...sixWeeks(
      nodes.slice(0, 3).map(({ id }) => id),
      pace,
    ),
    capture('v3-figures', 'The benchmark: what v1 was asked, asked again', validation),
    letPass({ id: 'soak-time', days: 7, compress: pace.compressSoak, guards: lastGuards.soak, ...validation }),
    judged('soak', 'Is memory kept for work that is done?', 'leak', {
      // A young heap grows for a while too: what is kept is kept in the next window as well.
      'kept for each byte moved': {
        query: '/surelyKeptPerByte',
        max: 1.5,
        unit: 'bytes',
        intervalMs: Math.round(soakMs / 2),
        failureLimit: 2,
        consecutiveSuccessLimit: 1,
      },
    }),
    judged('node-failure', 'Does the fleet get over a killed node?', 'kill', recovered),
    judged('network-partition', 'Does the fleet get over a parted network?', 'partition', recovered),
    judged('integrity', 'Is every machine once, with the memory its program gives?', 'integrity', {
      problems: { query: '/problems', max: 0 },
    }),
    tell('rolled-out', 'has every feature at 100 %', validation.stage),
    letPass({ id: 'first-month', days: 30, compress: pace.compressMonth, guards: lastGuards.month, ...month }),
    {
      id: 'archive',
      kind: 'http.call',
      title: 'Archive what was measured so far',
      on: 'door',
      spec: { do: { method: 'PUT', path: '/archive' }, undo: 'nothing' },
      ...month,
    },
    letPass({ id: 'second-month', days: 30, compress: pace.compressMonth, guards: lastGuards.unused, ...cleanUp }),
    {
      id: 'v1-unused',
      kind: 'gate.metrics',
      title: 'Does nothing go the v1 way any more?',
      on: 'figures',
      spec: { metrics: unusedMetrics(pace.lastLooks) },
      ...cleanUp,
    },
    {
      id: 'clean-up',
      kind: 'settings.set',
      title: 'Close the v1 way: nodes refuse who speaks nothing else',
      on: 'settings',
      spec: { set: { 'wire.accept_v1': false }, why: 'nothing uses it any more' },
      approval: 'Nothing used the v1 way while it was watched. Shall it be closed?',
      ...cleanUp,
    },
    tell('end', 'runs v3 alone', cleanUp.stage),
  ],
  risks: [...risks],
  checklist: checklist.map((each) => ({ ...each })),
  communication: [
    'At the beginning, when v3 runs with everything off, at 100 %, and at the end: the team is told',
    'Should it turn back by itself: the team is told at once, and the plan is held until `changeover release`',
    'Before the v1 way is closed: a person agrees, with the evidence that nothing uses it',
  ],
})
