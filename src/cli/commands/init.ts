/** `changeover init`: looks at a PostgreSQL and writes a first plan that runs. Overwrites nothing; never writes a password. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ChangeoverError } from '../../core/errors.ts'
import { planFiles } from '../../core/plan-files.ts'
import { firstPlan, planTypeScript, planYaml, rowsOf, type SeenDatabase } from '../init/index.ts'
import { plural } from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { lookAtPostgres } from '../look-at-postgres.ts'
import { writeNew } from '../out-file.ts'

export interface InitOptions extends Common {
  readonly typescript?: boolean
  readonly dir?: string
}

export async function init(given: string | undefined, options: InitOptions, door: Door): Promise<number> {
  const url = given ?? door.env['DATABASE_URL']
  if (url === undefined || url === '') {
    const help = '`changeover init postgres://user:password@host:5432/database`, or export DATABASE_URL'
    throw new ChangeoverError('usage.invalid', 'init needs the url of a PostgreSQL', help)
  }
  const folder = resolve(door.cwd, options.dir ?? '.')
  mustBeEmpty(folder)
  const seen = await lookAtPostgres(url, folder)
  const first = firstPlan(seen)
  const file = options.typescript ? 'changeover.config.ts' : 'changeover.yaml'
  // A file that came meanwhile is not overwritten either.
  await writeNew(join(folder, file), options.typescript ? planTypeScript(first, seen) : planYaml(first, seen))
  const { chosen } = first
  if (door.json) {
    const table = chosen === undefined ? null : `${chosen.schema}.${chosen.name}`
    door.out(
      `${JSON.stringify({ file: join(folder, file), database: seen.name, tables: seen.tables.length, table })}\n`,
    )
    return 0
  }
  const what =
    chosen === undefined ? 'only looks' : `adds one empty column to ${chosen.schema}.${chosen.name} (${rowsOf(chosen)})`
  door.out(`${file} is written: it saw ${plural(seen.tables.length, 'table')} in "${seen.name}", and ${what}\n\n`)
  if (door.env['DATABASE_URL'] !== url)
    door.out(`  export DATABASE_URL='…'   the url you gave: the file names it, the password stays out of it\n`)
  if (chosen !== undefined) door.out(rightLines(seen))
  const cd = options.dir === undefined ? '' : `  cd ${options.dir}\n`
  door.out(`${cd}  changeover plan           what would be done\n  changeover run            do it\n`)
  return 0
}

/** The plan blocks without this right, so it is said before anybody tries. */
function rightLines({ lacksCreatedb }: SeenDatabase): string {
  if (lacksCreatedb === undefined) return ''
  const grant = `ALTER ROLE "${lacksCreatedb.replaceAll('"', '""')}" CREATEDB`
  return `  ${grant}   by an administrator: the backup is proved by a restore into a scratch database\n`
}

function mustBeEmpty(folder: string): void {
  const there = planFiles.find((name) => existsSync(join(folder, name)))
  if (there === undefined) return
  const message = `there is a plan already: ${there}`
  throw new ChangeoverError('usage.invalid', message, 'go on with that one, or write elsewhere with `--dir`')
}
