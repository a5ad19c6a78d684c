/** A mirror inside one row: old and new columns stand side by side, and one trigger before the write keeps them in step. */
import type { Assign, Installation, MirrorShape, Quote, Writing } from './shape.ts'
import { quoteTable } from './shape.ts'
import { changed, given, pinned, unlessTool, writerIsNew } from './words.ts'

/** Sorted behind the user's own triggers, so that what they write is mirrored too. */
export const triggerPrefix = 'zz_changeover_'

export function mirrorInPlace(sql: Quote, shape: MirrorShape, write: Writing): Installation {
  const name = `changeover.${sql.quote(shape.name)}`
  const trigger = `${triggerPrefix}${shape.name}`
  return {
    tables: [shape.old.table],
    functions: [{ name, text: functionText(sql, name, shape, write) }],
    triggers: [
      {
        table: shape.old.table,
        name: trigger,
        text: `CREATE TRIGGER ${trigger} BEFORE INSERT OR UPDATE ON ${plain(sql, shape.old.table)} FOR EACH ROW ${unlessTool} EXECUTE FUNCTION changeover.${shape.name}()`,
      },
    ],
  }
}

/** A name as the server writes it back: quoted only where it must be. */
export function plain(sql: Quote, table: string): string {
  return table
    .split('.')
    .map((part) => (/^[a-z_][a-z0-9_]*$/.test(part) && !reserved.has(part) ? part : sql.quote(part)))
    .join('.')
}

/** Words that quote_ident quotes and that people give to tables. The prediction of others is compared without their quotes. */
const reserved = new Set(
  'all and any array as asc both case cast check collate column constraint create current_date current_role current_time current_user default desc distinct do else end except false fetch for foreign from grant group having in initially intersect into leading limit localtime not null offset on only or order placing primary references returning select session_user some symmetric table then to trailing true union unique user using values variadic when where window with authorization between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int integer interval least national nchar none nullif numeric out overlay position precision real row setof smallint substring time timestamp treat trim varchar binary concurrently cross freeze full ilike inner is isnull join left like natural notnull outer overlaps right similar tablesample verbose collation'.split(
    ' ',
  ),
)

function functionText(sql: Quote, name: string, shape: MirrorShape, write: Writing): string {
  const fresh = write('NEW')
  const kept = write('NEW', 'was')
  const first = write('OLD').forward
  const old = shape.old.columns.map((column) => column.name)
  const fresher = shape.new.columns.map((column) => column.name)
  return `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql ${pinned(shape)} AS $changeover$
#variable_conflict use_column
-- Changeover keeps two shapes of a row in step:
--   old: ${comment(old)}
--   new: ${comment(fresher)}
-- It goes when the run is sealed or rolled back.
DECLARE
  was ${quoteTable(sql, shape.old.table)}%ROWTYPE;
  back boolean;
  told boolean := ${given(sql, shape.new, 'NEW')};
BEGIN
  IF TG_OP = 'UPDATE' THEN
    back := ${changed(sql, fresher, 'NEW', 'OLD')};
    IF ${changed(sql, old, 'NEW', 'OLD')} THEN
      back := back AND ${writerIsNew(sql, shape)};
    ELSIF NOT back THEN
      RETURN NEW;
    END IF;
    IF back AND NOT ${given(sql, shape.new, 'OLD')} THEN
      -- The row was not transformed yet: what the writer did not set comes from the old side first.
${complete(sql, first, 6)}
    END IF;
    was := NEW;
    IF back THEN
${assign(sql, kept.backward, 6)}
      RETURN NEW;
    END IF;
  ELSE
    was := NEW;
    IF told THEN
      IF NOT ${given(sql, shape.old, 'NEW')} THEN
${assign(sql, fresh.backward, 8)}
        RETURN NEW;
      ELSIF ${writerIsNew(sql, shape)} THEN
${assign(sql, kept.backward, 8)}
        RETURN NEW;
      END IF;
    END IF;
  END IF;
  IF told THEN
${assign(sql, kept.forward, 4)}
  ELSE
${assign(sql, fresh.forward, 4)}
  END IF;
  RETURN NEW;
END $changeover$`
}

/** Names inside a comment must not end it. */
function comment(names: readonly string[]): string {
  return names.join(', ').replaceAll(/[\r\n$]/g, ' ')
}

export function assign(sql: Quote, values: readonly Assign[], indent: number, into = 'NEW'): string {
  const space = ' '.repeat(indent)
  if (values.length === 0) return `${space}NULL;`
  return values.map(({ column, expression }) => `${space}${into}.${sql.quote(column)} := ${expression};`).join('\n')
}

function complete(sql: Quote, values: readonly Assign[], indent: number): string {
  const space = ' '.repeat(indent)
  if (values.length === 0) return `${space}NULL;`
  return values
    .map(({ column, expression }) => {
      const same = changed(sql, [column], 'NEW', 'OLD')
      return `${space}IF NOT ${same} THEN NEW.${sql.quote(column)} := ${expression}; END IF;`
    })
    .join('\n')
}
