/** The plan of the shop, good as it stands: tests spoil a copy of it. */
export const plan = `name: shop
from: "1"
to: "2"
targets:
  db: { adapter: postgres, config: { url: "\${DATABASE_URL}" } }
  backups: { adapter: files, config: { folder: ./backups } }
steps:
  - id: column
    kind: schema.add-column
    on: db
    spec: { table: users, columns: [{ name: full_name, type: text }] }
  - id: fill
    kind: data.transform
    on: db
    spec: { table: users, lens: [{ op: join, from: [first, last], to: full_name, separator: " " }] }
`
