/** Servers behind the gateway: their connections and whether they are up. Knows no route. */
export type { AnswerHead } from './answer-head.ts'
export type { Asker, Connection, Failure } from './connection.ts'
export { openServer, type Server } from './server.ts'
export { watchHealth } from './health.ts'
