/** Rows at speed: key ranges, the ledger of a move, the binary COPY format, and the pace. Pure knowledge; nothing here opens anything. */
export { type Codec, codecOf } from './codec.ts'
export { baseType, columnType, type ColumnType, enumsOf } from './column-type.ts'
export { keyHash } from './hashing.ts'
export {
  boundary,
  type Key,
  type KeyColumn,
  keyJson,
  keyList,
  type KeyRange,
  sameKey,
  within,
  type Writer,
} from './key-range.ts'
export { type Layout, type Passed, touched, type Touched } from './layout.ts'
export * as ledger from './ledger.ts'
export type { Chunk, Job, Tally } from './ledger.ts'
export * as moves from './moves.ts'
export type { Expression, Route } from './moves.ts'
export { brake, learn, type Limits, nextSize, type Pace, type Signals, startPace } from './pace.ts'
export { Output } from './output.ts'
export { type Doc, type Forward, type PipeShape, type Refusal, RowPipe } from './row-pipe.ts'
export { postgresWriter } from './quoting.ts'
