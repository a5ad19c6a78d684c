/** The database, with both shapes kept in step, so that v3 and v4 can serve from it side by side. */
import { addedColumns, analyzed, documents, indexes, schemaDown, schemaUp } from '../parts.ts'

const database = { part: 'database', stage: 'Database' } as const
const onDatabase = { on: 'db', ...database } as const

const columns = (table: string) =>
  addedColumns.filter((each) => each.table === table).map(({ column, type }) => ({ name: column, type }))

/** A document around an old value: constants, the moment it was made, and the value itself, untouched to the digit. */
function around(document: (typeof documents)[keyof typeof documents]) {
  const constants = Object.entries(document.defaults).map(([name, value]) => [name, { constant: value }])
  const fields = {
    ...Object.fromEntries(constants),
    [document.moment]: { now: true },
    [document.at]: { from: document.source },
  }
  return [{ op: 'object', to: document.target, fields }]
}

/** v3 keeps a flag, v4 a record of what was consented to and when. */
const consent = around(documents.consent)
/** v4 wraps a model's data in an envelope. */
const modelData = around(documents.modelData)

export const databaseSteps = [
  {
    id: 'schema',
    kind: 'schema.sql',
    title: 'Tables of the federation',
    spec: { up: schemaUp, down: schemaDown },
    ...onDatabase,
  },
  {
    id: 'users-columns',
    kind: 'schema.add-column',
    title: 'New columns of users',
    spec: { table: 'users', columns: columns('users'), lockMs: 50 },
    ...onDatabase,
  },
  {
    id: 'models-columns',
    kind: 'schema.add-column',
    title: 'New columns of models',
    spec: { table: 'models', columns: columns('models'), lockMs: 50 },
    ...onDatabase,
  },
  {
    id: 'mirror-users',
    kind: 'data.mirror',
    title: 'Keep both shapes of users in step',
    spec: { table: 'users', lens: consent },
    ...onDatabase,
  },
  {
    id: 'mirror-models',
    kind: 'data.mirror',
    title: 'Keep both shapes of models in step',
    spec: { table: 'models', lens: modelData },
    ...onDatabase,
  },
  {
    id: 'transform-users',
    kind: 'data.transform',
    title: 'Transform users',
    spec: { table: 'users', lens: consent, targetMs: 50 },
    ...onDatabase,
  },
  {
    id: 'transform-models',
    kind: 'data.transform',
    title: 'Transform models',
    spec: { table: 'models', lens: modelData, targetMs: 50 },
    ...onDatabase,
  },
  ...indexes.map(({ name, table, columns: on }) => ({
    id: name.replaceAll('_', '-'),
    kind: 'schema.index',
    title: `Index ${name}`,
    spec: { name, table, columns: on },
    ...onDatabase,
  })),
  {
    id: 'analyze',
    kind: 'maintain.analyze',
    title: 'Statistics for the planner',
    spec: { tables: analyzed },
    ...onDatabase,
  },
  {
    id: 'compare',
    kind: 'data.compare',
    title: 'Does every row say the same in both shapes?',
    on: { source: 'db', target: 'db' },
    spec: {
      tables: [
        { source: 'public.users', lens: consent, critical: ['consent_records'] },
        { source: 'public.models', lens: modelData, critical: ['federation_model_data'] },
      ],
      rules: [
        {
          name: 'every user who consented has a record of it',
          sql: 'SELECT id FROM users WHERE consent_given AND consent_records IS NULL',
        },
        {
          name: 'every legacy node is a node of the federation',
          sql: "SELECT id FROM legacy_nodes l WHERE NOT EXISTS (SELECT FROM federation_nodes f WHERE f.node_id = 'legacy-node-' || l.id)",
        },
      ],
    },
    ...database,
  },
]
