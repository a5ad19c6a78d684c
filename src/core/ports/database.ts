/** The database port: what kinds may ask of a SQL database. Knows no driver. */
import type { Json } from '../json.ts'

/** Structure only: no counts, no clocks. Keys are schema-qualified names such as `public.users`. */
export type Catalog = {
  readonly tables: { readonly [name: string]: TableFacts }
  readonly views: { readonly [name: string]: string }
  readonly functions: { readonly [signature: string]: string }
  readonly types: { readonly [name: string]: readonly string[] }
  readonly sequences: { readonly [name: string]: string }
  readonly extensions: { readonly [name: string]: string }
}

/** Definitions are the server's own text for the object. `position` of a column is left out: it does not survive a rollback. */
export type TableFacts = {
  readonly columns: { readonly [name: string]: ColumnFacts }
  readonly key: readonly string[]
  readonly indexes: { readonly [name: string]: IndexFacts }
  readonly constraints: { readonly [name: string]: string }
  readonly triggers: { readonly [name: string]: string }
} & TableExtras

/** Only where there is something: most tables have none of it. */
export type TableExtras = {
  /** By role, `PUBLIC` for everybody: what others than the owner may do, columns in brackets. */
  readonly rights?: { readonly [role: string]: string }
  readonly policies?: { readonly [name: string]: string }
  /** `on`, `forced` (for the owner too), or `forced, but off`. */
  readonly rowSecurity?: string
  /** By column; the table's own under the empty name. */
  readonly comments?: { readonly [column: string]: string }
  /** How it is divided, and which part of what it is. */
  readonly partition?: string
  readonly inherits?: string
  /** Storage options, such as `fillfactor=70`. */
  readonly options?: readonly string[]
}

export type ColumnFacts = {
  readonly type: string
  readonly nullable: boolean
  readonly default: string | null
  readonly generated: string | null
}

export type IndexFacts = { readonly definition: string; readonly valid: boolean }

export type Row = { readonly [column: string]: unknown }

/** Limits of one statement or transaction, in milliseconds. A lock not obtained in `lockMs` is the error `target.lock`. */
export interface Limit {
  readonly lockMs?: number
  readonly statementMs?: number
}

/** Reads. Outside `snapshot`, each call is a READ ONLY transaction of its own, held by the server. */
export interface SqlReader {
  rows<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<readonly R[]>
  /** One consistent view of the data for several reads: REPEATABLE READ, READ ONLY. */
  snapshot<T>(body: (at: SqlSnapshot) => Promise<T>): Promise<T>
  /** The dump program that fits this server, if this machine has one. */
  dumper(): Promise<Dumper | undefined>
}

export interface SqlSnapshot {
  rows<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<readonly R[]>
  /** The bytes that `COPY (…) TO STDOUT` sends. */
  copyOut(text: string): AsyncIterable<Buffer>
}

export type DumpSection = 'pre-data' | 'data' | 'post-data'

/** A dump of whole tables with their definitions, as bytes of a format that `restore` of the same object reads. */
export interface Dumper {
  readonly program: string
  readonly version: string
  /** With `snapshot`, an exported one of the server, it sees what that one sees. */
  dump(tables: readonly string[], snapshot?: string): AsyncIterable<Buffer>
  /** All of it; or one section, which needs the sections before it: definitions of tables, rows, then what is built upon them. */
  restore(bytes: AsyncIterable<Buffer>, into: string, section?: DumpSection): Promise<void>
}

/** One transaction on one connection. */
export interface SqlSession extends SqlSnapshot {
  /** Runs a statement; the number of rows it changed. */
  run(text: string, values?: readonly unknown[]): Promise<number>
  /** Feeds `COPY … FROM STDIN`; the number of rows taken. */
  copyIn(text: string, bytes: AsyncIterable<Buffer>): Promise<number>
}

/** Writes. Safe to call concurrently: each call and each transaction has a connection of its own. */
export interface SqlWriter extends SqlReader {
  /** One statement by itself, outside a transaction block (as CREATE INDEX CONCURRENTLY must be). */
  run(text: string, values?: readonly unknown[], limit?: Limit): Promise<number>
  transaction<T>(body: (tx: SqlSession) => Promise<T>, limit?: Limit): Promise<T>
  /** A new, empty database beside this one, for a restore that is only looked at; `drop` removes it. */
  scratch(): Promise<Scratch>
}

export interface Scratch {
  readonly name: string
  readonly db: SqlWriter
  drop(): Promise<void>
}

/** Pure: what differs between servers, for `plan`. */
export interface SqlDialect {
  readonly name: 'postgres' | 'mariadb'
  readonly traits: { readonly transactionalDdl: boolean; readonly concurrentIndex: boolean; readonly copy: boolean }
  /** The one function that quotes identifiers: `a.b` parts are given apart. */
  quote(...name: readonly string[]): string
  /** Text as a literal. */
  literal(value: Json): string
}

export interface DatabasePort {
  readonly facts: Catalog
  readonly tools: SqlDialect
  readonly read: SqlReader
  readonly write: SqlWriter
}
