/** `changeover/testing`: what holds guests' kinds and adapters to the same contract as ours, and real servers to do it with. */
export { type CaseWorld, type Check, describeKind, type KindCase, kindChecks, type Runner } from './kind-kit.ts'
export {
  type PostgresOptions,
  type PostgresServer,
  type PostgresSource,
  postgresSources,
  startPostgres,
} from './postgres.ts'
export { freePort, freePorts } from './ports.ts'
export { bindToOwner } from './bound.ts'
export { databaseTemplate } from './database-template.ts'
export { type FlagStoreCase, flagStoreChecks } from './flag-store-kit.ts'
export { type JournalCase, journalChecks } from './journal-kit.ts'
export { doomed, Fate, Killed } from './crash.ts'
export { type HaproxyOptions, type HaproxyPlace, type HaproxyServer, haproxySource, startHaproxy } from './haproxy.ts'
export { type NginxOptions, type NginxPlace, type NginxServer, nginxSource, startNginx } from './nginx.ts'
export { rigFlag, startTrafficRig, type TrafficRig } from './traffic-rig.ts'
