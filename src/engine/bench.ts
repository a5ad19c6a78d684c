/** What every command works on: the plan as asked, the journal, kinds, adapters, and what the doors hand in. */
import { dirname, resolve } from 'node:path'
import type { Asked } from '../core/asked.ts'
import { mustBeKnown } from '../core/bind.ts'
import type { Actor, Journal } from '../core/event.ts'
import type { Adapters, Clock, Kinds } from '../core/kind.ts'
import type { Recipes } from '../core/recipe.ts'
import { openJournalAt } from './journal-files.ts'
import { findPlanFile, hashFunctions, loadPlanFile } from './load.ts'
import { type Environment, Secrets } from './secrets.ts'

export interface BenchOptions {
  readonly file?: string
  readonly cwd: string
  readonly env: Environment
  readonly actor: Actor
  readonly clock: Clock
  readonly kinds: Kinds
  readonly adapters: Adapters
  /** What a plan may name as `recipe:`; without any, it names none. */
  readonly recipes?: Recipes
  /** The module that hands out `builtinKinds` and `builtinAdapters`: threads load it for themselves. */
  readonly registry: string
  /** Opens the team's journal in a PostgreSQL. */
  readonly openTeamJournal: (url: string, clock: Clock) => Promise<Journal>
}

/** A plan file that was read, its journal, and what is needed to work on it. */
export interface Bench {
  readonly asked: Asked
  readonly functions: { readonly [reference: string]: string }
  readonly file: string
  /** The plan file's folder: relative paths start there. */
  readonly base: string
  readonly journal: Journal
  readonly kinds: Kinds
  readonly adapters: Adapters
  readonly clock: Clock
  readonly actor: Actor
  readonly secrets: Secrets
  readonly registry: string
  close(): Promise<void>
}

/** Reads the plan file and opens the journal; touches no target. */
export async function openBench(options: BenchOptions): Promise<Bench> {
  const file = findPlanFile(options.cwd, options.file)
  const base = dirname(file)
  const { asked, locate } = await loadPlanFile(file, options.recipes ?? new Map())
  mustBeKnown(asked, options, locate)
  const functions = await hashFunctions(base, asked)
  const secrets = new Secrets(options.env)
  const journal = await openJournal(asked, base, options, secrets)
  const { kinds, adapters, clock, actor, registry } = options
  return {
    asked,
    functions,
    file,
    base,
    journal,
    kinds,
    adapters,
    clock,
    actor,
    secrets,
    registry,
    close: () => journal.close(),
  }
}

/** The folder of the journal where the plan names none. */
export const journalFolder = '.changeover'

async function openJournal(asked: Asked, base: string, options: BenchOptions, secrets: Secrets): Promise<Journal> {
  const where = asked.journal ?? { folder: journalFolder }
  if ('folder' in where)
    return openJournalAt({
      folder: resolve(base, secrets.fill(where.folder, 'the journal') as string),
      clock: options.clock,
    })
  return options.openTeamJournal(secrets.fill(where.postgres, 'the journal') as string, options.clock)
}
