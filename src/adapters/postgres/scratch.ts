/** A new, empty database beside the target's, with its encoding and collation, for a restore that is only looked at. */
import { createHash } from 'node:crypto'
import type { Row, Scratch, SqlWriter } from '../../core/ports/index.ts'
import { literal, quote } from './dialect.ts'

/** Reads and writes beside any transaction, on the target's own database. */
export interface Beside {
  rows<R extends Row>(text: string, values?: readonly unknown[]): Promise<readonly R[]>
  run(text: string): Promise<number>
}

export interface ScratchMaker {
  readonly run: string
  readonly fence: number
  readonly beside: Beside
  open(database: string): { readonly db: SqlWriter; close(): Promise<void> }
}

interface Locale extends Row {
  readonly encoding: string
  readonly collate: string
  readonly ctype: string
  readonly provider: string
  readonly locale: string | null
}

/** daticulocale became datlocale in version 17, and is not there before 15: to_jsonb reads whichever there is. */
const localeQuery = `
  SELECT pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collate, d.datctype AS ctype,
         coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') AS provider,
         coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale
    FROM pg_database d WHERE d.datname = current_database()`

/** Of every session there: whoever works in the databases beside it must not wait for its commits, nor share all processors with it. */
const calm = [
  ['synchronous_commit', 'off'],
  ['max_parallel_maintenance_workers', '0'],
  ['max_parallel_workers_per_gather', '0'],
] as const

export function scratchMaker(maker: ScratchMaker): () => Promise<Scratch> {
  const stem = `changeover_scratch_${createHash('sha256').update(maker.run).digest('hex').slice(0, 12)}`
  let made = 0
  let swept: Promise<void> | undefined
  return async () => {
    // Once: what a killed runner of this run left behind.
    swept ??= sweep(maker.beside, stem, maker.fence)
    await swept
    made += 1
    const name = `${stem}_${maker.fence}_${made}`
    const [locale] = await maker.beside.rows<Locale>(localeQuery)
    await drop(maker.beside, name)
    await maker.beside.run(`CREATE DATABASE ${quote(name)} TEMPLATE template0 ${localeClause(locale!)}`)
    for (const [setting, value] of calm)
      await maker.beside.run(`ALTER DATABASE ${quote(name)} SET ${setting} = ${value}`)
    const opened = maker.open(name)
    return {
      name,
      db: opened.db,
      drop: async () => {
        await opened.close()
        await drop(maker.beside, name)
      },
    }
  }
}

function localeClause(of: Locale): string {
  const base = `ENCODING ${literal(of.encoding)} LC_COLLATE ${literal(of.collate)} LC_CTYPE ${literal(of.ctype)}`
  if (of.provider === 'i' && of.locale !== null) return `${base} LOCALE_PROVIDER icu ICU_LOCALE ${literal(of.locale)}`
  if (of.provider === 'b' && of.locale !== null)
    return `${base} LOCALE_PROVIDER builtin BUILTIN_LOCALE ${literal(of.locale)}`
  return base
}

async function sweep(beside: Beside, stem: string, fence: number): Promise<void> {
  const left = await beside.rows<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
    [`${stem}_`],
  )
  for (const { name } of left) {
    const of = Number(name.slice(stem.length + 1).split('_')[0])
    if (of < fence) await drop(beside, name)
  }
}

async function drop(beside: Beside, name: string): Promise<void> {
  await beside.run(`DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`)
}
