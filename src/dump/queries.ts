/** The catalog queries behind a dump. $1 is the list of table oids (names, for the closure); each answers (what, name, text), text null to skip. */

const closure = `
  WITH RECURSIVE wanted(oid) AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p')
    UNION
    SELECT x.oid FROM wanted w CROSS JOIN LATERAL (
      SELECT k.confrelid AS oid FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = w.oid
      UNION SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = w.oid
      UNION SELECT i.inhrelid FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhparent = w.oid AND p.relkind = 'p') x
  ) SELECT oid FROM wanted ORDER BY oid`

const mine = 'c.oid = ANY ($1::oid[])'
const named = `format('%I.%I', n.nspname, c.relname)`
const from = 'FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace'

const tables = `
  SELECT n.nspname || '.' || c.relname AS name, ${named} AS quoted, c.relkind = 'r' AS holds, pg_table_size(c.oid)::float8 AS bytes,
         ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS columns,
         ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS quoted_columns
    ${from} WHERE ${mine} ORDER BY 1`

const ownSchemas = `SELECT DISTINCT n.oid, n.nspname ${from} WHERE ${mine}`

const schemas = `SELECT 'schema' AS what, s.nspname AS name, format('CREATE SCHEMA IF NOT EXISTS %I', s.nspname) AS text FROM (${ownSchemas}) s ORDER BY 2`

const extensions = `
  SELECT 'extension' AS what, e.extname AS name, format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', e.extname, n.nspname) AS text
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' AND $1::oid[] IS NOT NULL ORDER BY 2`

const notExtension = (catalog: string, object: string) =>
  `NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${object} AND x.deptype = 'e')`

/** All of the schemas of the tables: which ones a default or an index expression reaches is not worth finding out. */
const types = `
  SELECT 'type' AS what, format('%I.%I', n.nspname, t.typname) AS name, CASE t.typtype
    WHEN 'e' THEN format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
      (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
    WHEN 'd' THEN format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod))
      || coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
      || coalesce((SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
                     FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
    WHEN 'r' THEN (SELECT format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s)', n.nspname, t.typname, format_type(r.rngsubtype, NULL)) FROM pg_range r WHERE r.rngtypid = t.oid)
    ELSE format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname,
      (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)) END AS text
    FROM pg_type t JOIN (${ownSchemas}) n ON n.oid = t.typnamespace LEFT JOIN pg_class r ON r.oid = t.typrelid
   WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND r.relkind = 'c')) AND ${notExtension('pg_type', 't.oid')}
   ORDER BY t.oid`

/** Sequences that a default draws from or that a column owns; those of identity columns are made with their column. */
const usedSequences = `
  SELECT DISTINCT s.seqrelid AS oid FROM pg_sequence s WHERE NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype = 'i')
   AND (EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype = 'a' AND d.refobjid = ANY ($1::oid[]))
     OR EXISTS (SELECT FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid AND d.classid = 'pg_attrdef'::regclass
                 WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = s.seqrelid AND f.adrelid = ANY ($1::oid[])))`

const sequences = `
  SELECT 'sequence' AS what, ${named} AS name, format('CREATE SEQUENCE %s AS %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s', ${named},
         format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END) AS text
    FROM (${usedSequences}) u JOIN pg_sequence s ON s.seqrelid = u.oid JOIN pg_class c ON c.oid = u.oid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 2`

/** Names, unquoted, of every sequence that feeds the tables, those of identity columns too. */
const feeding = `
  SELECT n.nspname || '.' || c.relname AS name ${from}
   WHERE c.oid IN (SELECT u.oid FROM (${usedSequences}) u)
      OR (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i' AND d.refobjid = ANY ($1::oid[])))
   ORDER BY 1`

const functions = `
  SELECT 'function' AS what, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name, pg_get_functiondef(p.oid) AS text
    FROM pg_proc p JOIN (${ownSchemas}) n ON n.oid = p.pronamespace
   WHERE p.prokind IN ('f', 'p') AND ${notExtension('pg_proc', 'p.oid')} ORDER BY p.oid`

const column = `
  format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
  || CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END
  || CASE WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY' WHEN a.attidentity = 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY'
          WHEN a.attgenerated = 's' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
          WHEN a.attgenerated = 'v' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') VIRTUAL' ELSE '' END
  || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END`

const create = `
  SELECT 'table' AS what, ${named} AS name, format('CREATE %sTABLE %s (%s)', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, ${named},
         (SELECT string_agg(${column}, ', ' ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
         || CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END
         || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') AS text
    ${from} WHERE ${mine} ORDER BY c.oid`

const defaults = `
  SELECT 'default' AS what, ${named} || '.' || a.attname AS name, format('ALTER TABLE ONLY %s ALTER COLUMN %I SET DEFAULT %s', ${named}, a.attname, pg_get_expr(d.adbin, d.adrelid)) AS text
    ${from} JOIN pg_attrdef d ON d.adrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
   WHERE ${mine} AND a.attgenerated = '' ORDER BY c.oid, a.attnum`

const constraintText = `format('ALTER TABLE ONLY %s ADD CONSTRAINT %I %s', ${named}, k.conname, pg_get_constraintdef(k.oid))`

/** What a partition inherits is made with its parent's; a table that inherits must have the checks of its parents before it is tied to them. */
const constraints = `
  SELECT 'constraint' AS what, ${named} || '.' || k.conname AS name, ${constraintText} AS text
    ${from} JOIN pg_constraint k ON k.conrelid = c.oid
   WHERE ${mine} AND c.relkind = 'r' AND k.contype IN ('p', 'u', 'x', 'c') AND k.conparentid = 0
     AND (k.coninhcount = 0 OR (k.contype = 'c' AND NOT c.relispartition))
   ORDER BY k.contype = 'c', k.oid`

const inherits = `
  SELECT 'inheritance' AS what, ${named} AS name, format('ALTER TABLE %s INHERIT %s', ${named}, h.inhparent::regclass) AS text
    ${from} JOIN pg_inherits h ON h.inhrelid = c.oid WHERE ${mine} AND NOT c.relispartition ORDER BY c.oid, h.inhseqno`

const indexes = `
  SELECT 'index' AS what, i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS text
    ${from} JOIN pg_index i ON i.indrelid = c.oid
   WHERE ${mine} AND c.relkind = 'r' AND i.indisvalid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
     AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) ORDER BY i.indexrelid`

const attach = `
  SELECT 'partition' AS what, ${named} AS name, format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', h.inhparent::regclass, ${named}, pg_get_expr(c.relpartbound, c.oid)) AS text
    ${from} JOIN pg_inherits h ON h.inhrelid = c.oid WHERE ${mine} AND c.relispartition ORDER BY c.oid`

/** Of partitioned tables, once the partitions hang on them. */
const parents = `
  SELECT 'constraint' AS what, ${named} || '.' || k.conname AS name, replace(${constraintText}, 'ALTER TABLE ONLY', 'ALTER TABLE') AS text
    ${from} JOIN pg_constraint k ON k.conrelid = c.oid
   WHERE ${mine} AND c.relkind = 'p' AND k.contype IN ('p', 'u', 'x', 'c') AND k.conparentid = 0
  UNION ALL
  SELECT 'index', i.indexrelid::regclass::text, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
    ${from} JOIN pg_index i ON i.indrelid = c.oid
   WHERE ${mine} AND c.relkind = 'p' AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
     AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)`

const foreign = `
  SELECT 'foreign key' AS what, ${named} || '.' || k.conname AS name, CASE WHEN c.relkind = 'p' THEN replace(${constraintText}, 'ALTER TABLE ONLY', 'ALTER TABLE') ELSE ${constraintText} END AS text
    ${from} JOIN pg_constraint k ON k.conrelid = c.oid WHERE ${mine} AND k.contype = 'f' AND k.conparentid = 0 ORDER BY k.oid`

/** Values of sequences. They are no part of the snapshot: the server keeps them outside transactions, so that they are at least as far. */
const values = `
  SELECT 'sequence value' AS what, ${named} AS name,
         format('SELECT pg_catalog.setval(%L, %s, %s)', ${named}, coalesce(pg_sequence_last_value(c.oid), s.seqstart), (pg_sequence_last_value(c.oid) IS NOT NULL)::text) AS text
    FROM (${usedSequences}) u JOIN pg_sequence s ON s.seqrelid = u.oid JOIN pg_class c ON c.oid = u.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 'sequence owner', ${named}, format('ALTER SEQUENCE %s OWNED BY %s.%I', ${named}, d.refobjid::regclass, a.attname)
    FROM (${usedSequences}) u JOIN pg_class c ON c.oid = u.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a' AND d.refobjid = ANY ($1::oid[])
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  UNION ALL
  SELECT 'sequence value', ${named} || '.' || a.attname,
         format('SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence(%L, %L), %s, %s)', ${named}, a.attname, coalesce(pg_sequence_last_value(s.seqrelid), s.seqstart), (pg_sequence_last_value(s.seqrelid) IS NOT NULL)::text)
    ${from} JOIN pg_depend d ON d.refobjid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
   WHERE ${mine}`

const triggers = `
  SELECT 'trigger' AS what, ${named} || '.' || t.tgname AS name, pg_get_triggerdef(t.oid) AS text
    ${from} JOIN pg_trigger t ON t.tgrelid = c.oid WHERE ${mine} AND NOT t.tgisinternal AND t.tgparentid = 0 ORDER BY t.oid`

/** A trigger is made enabled. */
const triggerStates = `
  SELECT 'trigger state' AS what, ${named} || '.' || t.tgname AS name,
         format('ALTER TABLE %s %s TRIGGER %I', ${named}, CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname) AS text
    ${from} JOIN pg_trigger t ON t.tgrelid = c.oid WHERE ${mine} AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'O'`

const role = (oid: string) => `CASE ${oid} WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(${oid})) END`

/** Restored before its policies, row security hides every row: what cannot be made again shows nothing to those who may not see it. */
const security = `
  SELECT 'row security' AS what, ${named} AS name, format('ALTER TABLE %s %s', ${named}, concat_ws(', ',
         CASE WHEN c.relrowsecurity THEN 'ENABLE ROW LEVEL SECURITY' END, CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END)) AS text
    ${from} WHERE ${mine} AND (c.relrowsecurity OR c.relforcerowsecurity)`

const policies = `
  SELECT 'policy' AS what, ${named} || '.' || p.polname AS name, concat_ws(' ', format('CREATE POLICY %I ON %s', p.polname, ${named}),
         CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
         'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
         'TO ' || (SELECT string_agg(${role('r')}, ', ' ORDER BY r) FROM unnest(p.polroles) AS r),
         'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', 'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS text
    ${from} JOIN pg_policy p ON p.polrelid = c.oid WHERE ${mine} ORDER BY p.oid`

/** What others than the owner may do: the owner of the restored table has all of it. */
const rights = `
  SELECT 'right' AS what, ${named} || ' of ' || ${role('g.grantee')} AS name,
         format('GRANT %s ON TABLE %s TO %s%s', string_agg(g.what, ', ' ORDER BY g.what), ${named}, ${role('g.grantee')},
                CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS text
    ${from} CROSS JOIN LATERAL (
      SELECT grantee, is_grantable, privilege_type AS what FROM aclexplode(c.relacl)
      UNION ALL
      SELECT x.grantee, x.is_grantable, format('%s (%I)', x.privilege_type, a.attname)
        FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE a.attrelid = c.oid AND NOT a.attisdropped) g
   WHERE ${mine} AND g.grantee <> c.relowner
   GROUP BY n.nspname, c.relname, g.grantee, g.is_grantable ORDER BY 2`

const comments = `
  SELECT 'comment' AS what, concat_ws('.', ${named}, a.attname) AS name, CASE WHEN d.objsubid = 0
           THEN format('COMMENT ON TABLE %s IS %L', ${named}, d.description)
           ELSE format('COMMENT ON COLUMN %s.%I IS %L', ${named}, a.attname, d.description) END AS text
    ${from} JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0 WHERE ${mine}`

export const definitionQueries = {
  closure,
  tables,
  schemas,
  extensions,
  types,
  sequences,
  feeding,
  functions,
  create,
  defaults,
  constraints,
  inherits,
  indexes,
  attach,
  parents,
  foreign,
  values,
  triggers,
  triggerStates,
  security,
  policies,
  rights,
  comments,
} as const
