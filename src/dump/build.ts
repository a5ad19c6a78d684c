/** Carries out definitions in an order that works: what needs something that is not there yet is tried again after it. */
import { ChangeoverError } from '../core/errors.ts'
import type { SqlSession } from '../core/ports/index.ts'
import type { Definition } from './definitions.ts'

/** The definitions that could not be made and need not be. Error `backup.damaged` when a needed one cannot. */
export async function build(tx: SqlSession, definitions: readonly Definition[]): Promise<readonly Definition[]> {
  await tx.run("SELECT set_config('check_function_bodies', 'off', true), set_config('search_path', '', true)")
  let left: readonly Failed[] = definitions.map((definition) => ({ definition, why: undefined }))
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length
    left = await round(tx, left)
  }
  const missing = left.find((each) => each.definition.needed)
  if (missing === undefined) return left.map((each) => each.definition)
  const { what, name } = missing.definition
  throw new ChangeoverError(
    'backup.damaged',
    `the ${what} "${name}" cannot be made from the backup`,
    'read the cause; restore it by hand, or use pg_dump of a version that fits the server',
    { cause: missing.why },
  )
}

interface Failed {
  readonly definition: Definition
  readonly why: unknown
}

async function round(tx: SqlSession, todo: readonly Failed[]): Promise<readonly Failed[]> {
  const failed: Failed[] = []
  for (const { definition } of todo) {
    await tx.run('SAVEPOINT changeover')
    try {
      await tx.run(definition.text)
      await tx.run('RELEASE SAVEPOINT changeover')
    } catch (why) {
      await tx.run('ROLLBACK TO SAVEPOINT changeover')
      failed.push({ definition, why })
    }
  }
  return failed
}
