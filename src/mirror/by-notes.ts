/** A mirror for a lens without SQL: triggers note which rows changed and what they were; who applies the lens is another's business. */
import { plain, triggerPrefix } from './in-place.ts'
import { type Installation, type MirrorShape, type Quote, type Side, type SideColumn, type SideName } from './shape.ts'
import { changed, given, keyText, pinned, unlessTool, writerIsNew } from './words.ts'

/** `was` is what `noted` names of the row before the change, null where it was not there; `seq` is the order of the writes of one row. */
export const changesTable = 'changeover.changes'
export const changesTableText = `CREATE TABLE IF NOT EXISTS ${changesTable} (seq bigserial PRIMARY KEY, mirror text NOT NULL, side text NOT NULL, key text NOT NULL, was jsonb, at timestamptz NOT NULL DEFAULT clock_timestamp()); CREATE INDEX IF NOT EXISTS changes_by_key ON ${changesTable} (mirror, key, seq)`

export function mirrorByNotes(sql: Quote, shape: MirrorShape): Installation {
  const inPlace = shape.old.table === shape.new.table
  const parts = inPlace
    ? [{ side: shape.old, suffix: '', body: inRow(sql, shape) }]
    : (['old', 'new'] as const).map((from) => ({
        side: shape[from],
        suffix: `_${from}`,
        body: inTable(sql, shape, from),
      }))
  return {
    tables: parts.map((each) => each.side.table),
    functions: parts.map((each) => ({
      name: `changeover.${sql.quote(`${shape.name}${each.suffix}`)}`,
      text: functionText(sql, shape, each.suffix, each.body),
    })),
    triggers: parts.map(({ side, suffix }) => {
      const name = `${triggerPrefix}${shape.name}`
      const events = inPlace ? 'INSERT OR UPDATE' : 'INSERT OR DELETE OR UPDATE'
      return {
        table: side.table,
        name,
        text: `CREATE TRIGGER ${name} AFTER ${events} ON ${plain(sql, side.table)} FOR EACH ROW ${unlessTool} EXECUTE FUNCTION changeover.${shape.name}${suffix}()`,
      }
    }),
  }
}

function functionText(sql: Quote, shape: MirrorShape, suffix: string, body: string): string {
  return `CREATE OR REPLACE FUNCTION changeover.${sql.quote(`${shape.name}${suffix}`)}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${pinned(shape)} AS $changeover$
-- Changeover notes the rows that a worker brings in step. It goes when the run is sealed or rolled back.
${body}
END $changeover$`
}

function noteText(sql: Quote, shape: MirrorShape, side: string, key: Side, row: string, was: string): string {
  return `INSERT INTO ${changesTable} (mirror, side, key, was) VALUES (${sql.literal(shape.name)}, ${side}, ${keyText(sql, key.key, row)}, ${was});`
}

/** The columns of both shapes, in this order: texts, since a jsonb of the row would change json, bounds of arrays and more, or refuse it. */
export function noted(shape: MirrorShape): readonly SideColumn[] {
  return [...shape.old.columns, ...shape.new.columns]
}

function wasText(sql: Quote, shape: MirrorShape): string {
  return `to_jsonb(ARRAY[${noted(shape)
    .map(({ name }) => `OLD.${sql.quote(name)}::text`)
    .join(', ')}]::text[])`
}

/** Both shapes in one row: what it was before tells the worker which of its columns changed. */
function inRow(sql: Quote, shape: MirrorShape): string {
  const [old, fresh] = [shape.old, shape.new].map((side) =>
    changed(
      sql,
      side.columns.map((each) => each.name),
      'NEW',
      'OLD',
    ),
  )
  return `DECLARE
  back boolean := ${given(sql, shape.new, 'NEW')} AND (NOT ${given(sql, shape.old, 'NEW')} OR ${writerIsNew(sql, shape)});
BEGIN
  IF TG_OP = 'INSERT' THEN
    ${noteText(sql, shape, "CASE WHEN back THEN 'new' ELSE 'old' END", shape.old, 'NEW', 'NULL')}
    RETURN NULL;
  END IF;
  IF ${old} AND ${fresh} THEN
    ${noteText(sql, shape, `CASE WHEN ${writerIsNew(sql, shape)} THEN 'new' ELSE 'old' END`, shape.old, 'NEW', wasText(sql, shape))}
  ELSIF ${old} THEN
    ${noteText(sql, shape, "'old'", shape.old, 'NEW', wasText(sql, shape))}
  ELSIF ${fresh} THEN
    ${noteText(sql, shape, "'new'", shape.old, 'NEW', wasText(sql, shape))}
  END IF;
  RETURN NULL;`
}

/** A change of the key is a row that went and a row that came. */
function inTable(sql: Quote, shape: MirrorShape, from: SideName): string {
  const side = shape[from]
  const name = sql.literal(from)
  return `BEGIN
  IF TG_OP = 'UPDATE' AND NOT ${changed(sql, side.key, 'NEW', 'OLD')} THEN
    ${noteText(sql, shape, name, side, 'NEW', wasText(sql, shape))}
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    ${noteText(sql, shape, name, side, 'OLD', wasText(sql, shape))}
  END IF;
  IF TG_OP <> 'DELETE' THEN
    ${noteText(sql, shape, name, side, 'NEW', 'NULL')}
  END IF;
  RETURN NULL;`
}
