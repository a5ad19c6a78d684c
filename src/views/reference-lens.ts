/** The reference of the lens: its operations and converters, as the code has them. */
import type { Json } from '../core/json.ts'
import { mdBlock, mdCode, mdSections, mdTable } from './markdown.ts'
import { asWritten, generated, yamlLines } from './reference.ts'
import { schemaRows } from './schema-table.ts'

/** What the reference says of one operation. `a` and `b` are a document before and after. */
export interface OperationWords {
  readonly op: string
  readonly summary: string
  readonly laws: string
  readonly sql: string
  readonly schema: Json
  readonly example: { readonly data: Json; readonly a: Json; readonly b: Json }
}

export function lensPage(operations: readonly OperationWords[], converters: readonly string[]): string {
  const rows = operations.map((each) => [mdCode(each.op), asWritten(each.summary), asWritten(each.sql)])
  return mdSections([
    ['# The lens'],
    [generated],
    [
      'One mapping, declared once, moves a table row, an API request and response, a configuration file or a document, forward and back. It is a list of operations, one after the other; fields that no operation names pass through untouched.',
    ],
    [
      'What the other side holds already is remembered: a value that only one side knows is not wiped by a write through the other.',
    ],
    mdTable(['operation', 'what it does', 'as SQL'], rows),
    ...operations.flatMap(operationSections),
    ['## Converters'],
    [`For \`convert\`: ${converters.map(mdCode).join(', ')}.`],
  ])
}

function operationSections(each: OperationWords): readonly (readonly string[])[] {
  const fields = schemaRows(each.schema).filter((row) => row.path !== 'op')
  const rows = fields.map((row) => [
    mdCode(row.path),
    asWritten(row.type),
    row.required ? 'yes' : '',
    asWritten(row.says),
  ])
  return [
    [`## ${each.op}`],
    [asWritten(each.summary)],
    rows.length === 0 ? [] : mdTable(['field', 'type', 'required', ''], rows),
    mdBlock(yamlLines([each.example.data], ''), 'yaml'),
    [`${mdCode(JSON.stringify(each.example.a))} ⇄ ${mdCode(JSON.stringify(each.example.b))}`],
    [`- laws: ${asWritten(each.laws)}`, `- as SQL: ${asWritten(each.sql)}`],
  ]
}
