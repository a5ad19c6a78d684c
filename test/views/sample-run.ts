/** A whole run as data: planned, approved, killed and taken over, slowed down, done; and one that a gate turned back. For tests of views. */
import type { Actor, Event, Happening } from '../../src/core/event.ts'
import type { Finding } from '../../src/core/finding.ts'
import type { Json } from '../../src/core/json.ts'
import type { Plan, PlannedStep } from '../../src/core/plan.ts'

export const ada: Actor = { user: 'ada', host: 'ops-1', pid: 4100, token: 't1' }
export const second: Actor = { user: 'ada', host: 'ops-1', pid: 4177, token: 't2' }

function step(id: string, kind: string, more: Partial<PlannedStep> = {}): PlannedStep {
  return {
    id,
    kind,
    on: { source: 'main' },
    spec: {},
    title: id,
    stage: 'Prepare',
    parts: [],
    guards: [],
    work: {},
    change: {},
    preview: [],
    locks: [],
    undo: 'exact',
    ...more,
  }
}

const probe = step('error-rate', 'gate.probe', { on: { api: 'api' } })

const steps: readonly PlannedStep[] = [
  step('look', 'assess.database', { title: 'Look at the database', preview: ['reads 3 tables'] }),
  step('keep', 'backup.database', {
    title: 'Back up the database',
    on: { source: 'main', store: 'files' },
    preview: ['pg_dump of "public"."users", "public"."models"', 'restored into a scratch database to prove it'],
    locks: [{ object: 'public.users', mode: 'ACCESS SHARE', holds: 'while it is read' }],
  }),
  step('columns', 'schema.sql', {
    title: 'Add the v4 columns',
    stage: 'Database',
    parts: ['database'],
    preview: ['ALTER TABLE users ADD COLUMN consent_records jsonb'],
    locks: [{ object: 'public.users', mode: 'ACCESS EXCLUSIVE', holds: 'for milliseconds' }],
    change: { main: [{ path: ['tables', 'public.users', 'columns', 'consent_records'], to: { type: 'jsonb' } }] },
  }),
  step('users', 'data.transform', {
    title: 'Users take their v4 shape',
    stage: 'Database',
    parts: ['database'],
    guards: [probe],
    preview: ['consent_given → consent_records.consentGiven'],
  }),
  step('switch', 'config.rewrite', {
    title: 'Rewrite the configuration',
    stage: 'Cut over',
    parts: ['configuration'],
    on: { files: 'files' },
    undo: 'lossy',
    approval: 'May v4 take over?',
  }),
  step('watch', 'gate.soak', { title: 'Watch v4 under load', stage: 'Cut over', on: { api: 'api' } }),
]

const asked: Json = {
  name: 'neonhub',
  from: '3.3',
  to: '4.0',
  targets: {},
  steps: [],
  risks: [
    {
      risk: 'a writer is held up by a lock',
      mitigation: 'every lock has a limit of 2 s',
      recovery: 'the step is tried again',
    },
  ],
  communication: ['tell support an hour before the cut over', 'tell everybody when it is done'],
  checklist: [
    { item: 'backup restored once', step: 'keep' },
    { item: 'v4 watched', step: 'watch' },
    { item: 'support team ready' },
  ],
}

const findings: readonly Finding[] = [
  {
    level: 'note',
    code: 'transform.estimate',
    message: '"public.users" holds 100,000 rows (24 MB)',
    help: '',
    at: { step: 'users' },
    data: { rows: 100_000, bytes: 24_000_000, seconds: 10 },
  },
  {
    level: 'note',
    code: 'backup.estimate',
    message: 'the backup holds about 120,000 rows',
    help: '',
    at: { step: 'keep' },
    data: { rows: 120_000, bytes: 30_000_000, seconds: 5 },
  },
  {
    level: 'risk',
    code: 'sql.lock',
    message: 'ALTER TABLE takes ACCESS EXCLUSIVE on "public.users"',
    help: 'nothing: the lock limit of 2 s holds',
    at: { step: 'columns' },
  },
]

export const plan: Plan = {
  name: 'neonhub',
  from: '3.3',
  to: '4.0',
  asked,
  onFailure: 'rollback',
  steps,
  findings,
  facts: {},
  functions: {},
  hash: '5f1d2c3b4a5968778695a4b3c2d1e0f95f1d2c3b4a5968778695a4b3c2d1e0f9',
}

const start = Date.parse('2026-11-21T03:00:00.000Z')

/** Happenings with the seconds after the start at which they came. */
export function story(...told: readonly (readonly [number, Happening])[]): readonly Event[] {
  return told.map(([seconds, what], index) => ({
    ...what,
    seq: index + 1,
    at: new Date(start + seconds * 1000).toISOString(),
  }))
}

const open: Happening = { type: 'run.opened', plan, identities: { main: '7301' }, by: ada, wishes: {} }

function apply(id: string, from: number, to: number): readonly (readonly [number, Happening])[] {
  return [
    [from, { type: 'step.started', step: id, verb: 'apply', before: {} }],
    [to, { type: 'step.finished', step: id, verb: 'apply' }],
  ]
}

function undo(id: string, from: number, to: number): readonly (readonly [number, Happening])[] {
  return [
    [from, { type: 'step.started', step: id, verb: 'rollback', before: {} }],
    [to, { type: 'step.finished', step: id, verb: 'rollback' }],
  ]
}

function rows(id: string, at: number, done: number, note?: string): readonly [number, Happening] {
  const mark = { at: done, done, of: 100_000, unit: 'rows', ...(note === undefined ? {} : { note }) }
  return [at, { type: 'step.marked', step: id, verb: 'apply', mark }]
}

const judged: Finding = {
  level: 'note',
  code: 'gate.passed',
  message: 'v4 answered 12,000 requests, 0 failed',
  help: '',
  at: { step: 'watch' },
  data: {
    criteria: [
      { name: 'availability', wanted: '> 99.9 %', measured: '100 %', met: true },
      { name: 'response time', wanted: '< 10 % increase', measured: '+4 %', met: true },
    ],
  },
}

const toUsers: readonly (readonly [number, Happening])[] = [
  [0, open],
  [0.1, { type: 'run.claimed', by: ada }],
  ...apply('look', 0.2, 1.2),
  [1.3, { type: 'step.started', step: 'keep', verb: 'apply', before: {} }],
  [4, { type: 'step.marked', step: 'keep', verb: 'apply', mark: { at: 1, done: 120_000, of: 120_000, unit: 'rows' } }],
  [5.3, { type: 'step.finished', step: 'keep', verb: 'apply' }],
  ...apply('columns', 5.4, 5.5),
  [6, { type: 'step.started', step: 'users', verb: 'apply', before: {} }],
  rows('users', 7, 0),
  rows('users', 9, 20_000),
  rows('users', 11, 40_000, 'slowed down: commits take 80 ms'),
]

/** The runner was killed at 11 s; a second one took over at 41 s. Approved after an hour. */
export const doneRun: readonly Event[] = story(
  ...toUsers,
  [41, { type: 'run.claimed', by: second }],
  [41, { type: 'step.started', step: 'users', verb: 'apply', before: {} }],
  rows('users', 42, 40_000),
  rows('users', 45, 100_000),
  [45.5, { type: 'step.finished', step: 'users', verb: 'apply' }],
  [45.6, { type: 'approval.asked', step: 'switch', ask: 'May v4 take over?' }],
  [3645, { type: 'approval.given', step: 'switch', by: ada, note: 'support is ready', plan: plan.hash }],
  [3646, { type: 'run.claimed', by: second }],
  ...apply('switch', 3646.1, 3646.4),
  [3646.5, { type: 'step.started', step: 'watch', verb: 'apply', before: {} }],
  [3656, { type: 'finding.made', finding: judged }],
  [3656.5, { type: 'step.finished', step: 'watch', verb: 'apply' }],
  [3656.6, { type: 'run.closed', outcome: 'done' }],
)

/** Users half way at 11 s: the middle of a run. */
export const halfRun: readonly Event[] = story(...toUsers)

/** A guard judged fail while users moved; everything was turned back. */
export const backRun: readonly Event[] = story(
  ...toUsers,
  [
    12,
    {
      type: 'step.failed',
      step: 'users',
      verb: 'apply',
      error: { code: 'gate.failed', message: 'guard "error-rate" judged fail: 3 % of requests failed', help: '' },
    },
  ],
  [
    12.1,
    {
      type: 'run.turned',
      way: 'back',
      why: 'step "users" failed: guard "error-rate" judged fail',
      by: ada,
    },
  ],
  ...undo('users', 12.2, 15),
  ...undo('columns', 15.1, 15.3),
  ...undo('keep', 15.4, 15.5),
  ...undo('look', 15.6, 15.7),
  [16, { type: 'run.closed', outcome: 'rolled-back' }],
)
