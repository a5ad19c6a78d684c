/** The migration guide as plain data, for the plan: thresholds, schedule, targets, risks, criteria. Runs nothing. */

/** The guide's alerts, in percent: above these the rollout turns back by itself. */
export const alerts = {
  transactionPool: { throughputDrop: 20, latencyIncrease: 50, memoryIncrease: 30, errorRate: 5 },
  syncService: { syncSpeedDrop: 25, peerDisconnect: 50, memoryIncrease: 40 },
} as const

/** The guide's schedule: percent of a module's calls that v2 gets. The guide names no figure for "limited production": it is 10 here. */
export const schedule = [
  { name: 'Week 1, day 1-2', length: '2d', percent: { test: 10 } },
  { name: 'Week 1, day 3-4', length: '2d', percent: { staging: 25 } },
  { name: 'Week 1, day 5-7', length: '3d', percent: { staging: 50, production: 10 } },
  { name: 'Week 2, day 1-2', length: '2d', percent: { production: 25 } },
  { name: 'Week 2, day 3-4', length: '2d', percent: { production: 50 } },
  { name: 'Week 2, day 5-7', length: '3d', percent: { production: 75 } },
  { name: 'Week 3, day 1-2', length: '2d', percent: { test: 100, staging: 100, production: 100 } },
] as const

/** The guide's targets by the name that `figures.ts` gives its figures: at least, or at most, so many percent more than v1. */
export const targets = {
  'pool-throughput': { atLeast: 20, says: 'transaction pool: at least 20 % more throughput' },
  'sync-0ms': { atLeast: 15, says: 'sync service: at least 15 % faster, near peers' },
  'sync-10ms': { atLeast: 15, says: 'sync service: at least 15 % faster, peers 10 ms away' },
  'memory-pool': { atMost: 10, says: 'memory of a full pool: at most 10 % more' },
  memory: { atMost: 10, says: 'resident memory of a node under full load: at most 10 % more' },
  'latency-p50': { atMost: 5, says: 'API latency, median: at most 5 % more' },
  'latency-p99': { atMost: 5, says: 'API latency, 99th percentile: at most 5 % more' },
} as const

export const versionPaths = [{ from: '1.0.x', to: '2.0.0', complexity: 'medium', downtime: 0 }] as const

/** What a node of the example needs in truth. */
export const requirements = { minimum: { cpu: 1, memory: '1GB', storage: '100MB' }, node: '>=20.19.0' } as const

export const components = {
  transaction_pool: {
    status: 'compatible',
    issues: ['v2 counts refusals by reason; v1 has no place for that'],
    requiredActions: [{ action: 'move the pool with each change of the share', done: true }],
  },
  sync_service: {
    status: 'compatible',
    issues: ['v2 holds blocks that came early, and scores of peers: v1 asks again'],
    requiredActions: [{ action: 'stop the sync while its state moves', done: true }],
  },
  filter_manager: { compatible: true, issues: ['stays at v1: its v2 is no part of this plan'] },
  subscription_manager: { compatible: true, issues: ['stays at v1: its v2 is no part of this plan'] },
} as const

export const risks = [
  {
    risk: 'Data loss: a state does not arrive whole in the other version',
    mitigation:
      'a backup that was read back; every move compares the digest of the pool before and after; clients hold ledgers',
    recovery: 'the move is refused and the version before goes on; the state of the backup can be started with --state',
  },
  {
    risk: 'Performance: v2 is slower than v1',
    mitigation: 'shadow, then small shares, each judged against the baseline of its own environment',
    recovery: 'guards turn the flags back within a second, then the nodes are restarted with v1 alone',
  },
  {
    risk: 'API compatibility: v2 breaks an integration',
    mitigation: 'the answers of both are compared on real calls before anyone gets those of v2',
    recovery: 'the router keeps the API of v1 in front of either version',
  },
  {
    risk: 'Memory leak in v2',
    mitigation: 'the memory of the process is a guard of every period',
    recovery: 'the restart at the end of a rollback gives the memory back',
  },
  {
    risk: 'The sync of v2 loses its peers',
    mitigation: 'questions to peers are counted by what came of them; more than half failed turns back',
    recovery: 'v1 takes the chain where v2 left it',
  },
] as const

/** The guide's criteria for "complete", and the step that shows each. */
export const checklist = [
  { item: 'All production traffic running on V2 modules', step: 'v1-unused' },
  { item: 'Performance metrics equal or better than V1', step: 'targets' },
  { item: 'Zero data loss during migration', step: 'nothing-lost' },
  { item: 'Error rates below baseline thresholds', step: 'nothing-lost' },
  { item: 'V1 modules successfully deprecated and removed', step: 'v2-alone' },
  { item: 'All tests passing at 95%+ rate' },
] as const
