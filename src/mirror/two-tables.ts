/** A mirror between two tables with the same keys: a write to one is carried to the other in the same transaction. */
import { plain, triggerPrefix } from './in-place.ts'
import {
  type Installation,
  type MirrorShape,
  type Quote,
  quoteTable,
  type Side,
  type SideName,
  type Writing,
} from './shape.ts'
import { assign } from './in-place.ts'
import { carry, deleteCarried, type Crossing } from './crossing.ts'
import { equals, keyText, pinned, unlessTool } from './words.ts'

/** Where the new side notes what it could not carry at once. Primary key (mirror, key). */
export const notesTable = 'changeover.mirror_notes'

export const notesTableText = `CREATE TABLE IF NOT EXISTS ${notesTable} (mirror text NOT NULL, key text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (mirror, key))`

/**
 * A row on one side and its like on the other are two locks, and clients of the two versions take them in opposite order. So that they cannot
 * stop each other, one side never waits: the new side, when the old row is held by another, notes the key and goes on; the old side, which
 * waits, finds the note as soon as it holds both rows, and merges: what its own statement changed is its own, the rest is the new side's.
 * A note whose holder wrote nothing is carried by the next write of that row on the old side, or by the settling function.
 */
export function mirrorTables(sql: Quote, shape: MirrorShape, write: Writing): Installation {
  const sides = (['old', 'new'] as const).map((from) => crossing(sql, shape, from, write))
  const settle = `changeover.${sql.quote(`${shape.name}_settle`)}`
  return {
    tables: [shape.old.table, shape.new.table],
    functions: [
      ...sides.map((each) => ({ name: each.functionName, text: functionText(sql, shape, each) })),
      ...sides.map((each) => ({ name: `${each.truncateName}`, text: truncateText(sql, shape, each) })),
      { name: settle, text: settleText(sql, settle, shape, sides[1]!) },
    ],
    triggers: sides.flatMap((each) => {
      const table = plain(sql, each.mine.table)
      const stem = `${triggerPrefix}${shape.name}`
      return [
        {
          table: each.mine.table,
          name: stem,
          text: `CREATE TRIGGER ${stem} AFTER INSERT OR DELETE OR UPDATE ON ${table} FOR EACH ROW ${unlessTool} EXECUTE FUNCTION changeover.${shape.name}_${each.from}()`,
        },
        {
          table: each.mine.table,
          name: `${stem}_truncate`,
          text: `CREATE TRIGGER ${stem}_truncate AFTER TRUNCATE ON ${table} FOR EACH STATEMENT ${unlessTool} EXECUTE FUNCTION changeover.${shape.name}_${each.from}_truncate()`,
        },
      ]
    }),
  }
}

function crossing(sql: Quote, shape: MirrorShape, from: SideName, write: Writing): Crossing {
  const other = from === 'old' ? 'new' : 'old'
  const mine: Side = shape[from]
  const theirs: Side = shape[other]
  const there = from === 'old' ? 'forward' : 'backward'
  const back = from === 'old' ? 'backward' : 'forward'
  return {
    from,
    mine,
    theirs,
    mirror: shape.name,
    functionName: `changeover.${sql.quote(`${shape.name}_${from}`)}`,
    truncateName: `changeover.${sql.quote(`${shape.name}_${from}_truncate`)}`,
    flag: (row, side) => `${sql.literal(`${shape.name}:${side}:`)} || ${keyText(sql, mine.key, row)}`,
    fresh: (row) => write(row)[there],
    kept: (row, was) => write(row, was)[there],
    returned: (row, was) => write(row, was)[back],
  }
}

function functionText(sql: Quote, shape: MirrorShape, way: Crossing): string {
  const mine = quoteTable(sql, way.mine.table)
  const theirs = quoteTable(sql, way.theirs.table)
  return `CREATE OR REPLACE FUNCTION ${way.functionName}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${pinned(shape)} AS $changeover$
#variable_conflict use_column
-- Changeover carries each write on one table to its like in another. It goes when the run is sealed or rolled back.
DECLARE
  held text := coalesce(current_setting('changeover.mirroring', true), '');
  flag text;
  mine ${mine}%ROWTYPE;
  theirs ${theirs}%ROWTYPE;
  made ${theirs}%ROWTYPE;
  base ${mine}%ROWTYPE;
  found_there boolean;
  noted boolean := false;
BEGIN
  IF TG_OP = 'DELETE' THEN
    mine := OLD;
    IF held = ${way.flag('mine', way.from)} THEN RETURN NULL; END IF;
${deleteCarried(sql, way, 4)}
    RETURN NULL;
  END IF;
  mine := NEW;
  IF held = ${way.flag('mine', way.from)} THEN RETURN NULL; END IF;
${carry(sql, way, 2)}
  RETURN NULL;
END $changeover$`
}

/** Without a key there is nothing to name: all goes, as it did on the first side. */
function truncateText(sql: Quote, shape: MirrorShape, way: Crossing): string {
  const every = sql.literal(`${way.mirror}:*`)
  return `CREATE OR REPLACE FUNCTION ${way.truncateName}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${pinned(shape)} AS $changeover$
#variable_conflict use_column
DECLARE
  held text := coalesce(current_setting('changeover.mirroring', true), '');
  flag text;
  tool text := coalesce(current_setting('changeover.writer', true), '');
BEGIN
  IF held = ${every} THEN RETURN NULL; END IF;
  flag := set_config('changeover.mirroring', ${every}, true);
  flag := set_config('changeover.writer', 'tool', true);
  DELETE FROM ${quoteTable(sql, way.theirs.table)};
  DELETE FROM ${notesTable} WHERE mirror = ${sql.literal(way.mirror)};
  flag := set_config('changeover.writer', tool, true);
  flag := set_config('changeover.mirroring', held, true);
  RETURN NULL;
END $changeover$`
}

/** Carries what was noted, oldest first, in the order in which the old side locks: old row, then new. Returns how many notes are left. */
function settleText(sql: Quote, name: string, shape: MirrorShape, way: Crossing): string {
  const [old, newer] = [quoteTable(sql, shape.old.table), quoteTable(sql, shape.new.table)]
  const mirror = sql.literal(shape.name)
  const typed = (side: Side) =>
    side.key
      .map(
        (column, at) =>
          `x.${sql.quote(column)} ${equals(sql, side, column)} (note.key::jsonb ->> ${at})::${typeOf(side, column)}`,
      )
      .join(' AND ')
  const columns = way.fresh('made').map((each) => each.column)
  const names = columns.map((each) => sql.quote(each)).join(', ')
  return `CREATE OR REPLACE FUNCTION ${name}() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER ${pinned(shape)} AS $changeover$
#variable_conflict use_column
DECLARE
  note record;
  mine ${newer}%ROWTYPE;
  theirs ${old}%ROWTYPE;
  made ${old}%ROWTYPE;
  there boolean;
  tool text := coalesce(current_setting('changeover.writer', true), '');
  flag text;
BEGIN
  flag := set_config('changeover.writer', 'tool', true);
  FOR note IN SELECT n.key FROM ${notesTable} n WHERE n.mirror = ${mirror} ORDER BY n.at LOOP
    SELECT x.* INTO theirs FROM ${old} x WHERE ${typed(shape.old)} FOR UPDATE;
    there := FOUND;
    SELECT x.* INTO mine FROM ${newer} x WHERE ${typed(shape.new)} FOR UPDATE;
    IF NOT FOUND THEN
      DELETE FROM ${old} x WHERE ${typed(shape.old)};
    ELSIF there THEN
      made := theirs;
${assign(sql, way.kept('mine', 'theirs'), 6, 'made')}
      UPDATE ${old} x SET (${names}) = ROW(${columns.map((each) => `made.${sql.quote(each)}`).join(', ')}) WHERE ${typed(shape.old)};
    ELSE
${assign(sql, way.fresh('mine'), 6, 'made')}
      INSERT INTO ${old} (${names}) OVERRIDING SYSTEM VALUE VALUES (${columns.map((each) => `made.${sql.quote(each)}`).join(', ')});
    END IF;
    DELETE FROM ${notesTable} n WHERE n.mirror = ${mirror} AND n.key = note.key;
  END LOOP;
  flag := set_config('changeover.writer', tool, true);
  RETURN (SELECT count(*) FROM ${notesTable} n WHERE n.mirror = ${mirror});
END $changeover$`
}

function typeOf(side: Side, column: string): string {
  return side.columns.find((each) => each.name === column)?.type ?? 'text'
}
