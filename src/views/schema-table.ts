/** A JSON Schema as rows for people: a field a row, with its path. Knows no other schema language. */
import type { Json } from '../core/json.ts'

export interface SchemaRow {
  /** `targets.*.adapter`, `steps[].id`. */
  readonly path: string
  readonly type: string
  readonly required: boolean
  readonly default?: string
  readonly says: string
}

type Schema = { readonly [key: string]: Json }

/** Depth first, in the order the schema has. A field that is an object or a list of objects comes before its own fields. */
export function schemaRows(schema: Json): readonly SchemaRow[] {
  return isSchema(schema) ? inside(schema, '') : []
}

function inside(schema: Schema, path: string): readonly SchemaRow[] {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  const required = new Set(Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : [])
  const own = Object.entries(properties).flatMap(([name, field]) =>
    isSchema(field) ? rowsOf(field, path === '' ? name : `${path}.${name}`, required.has(name)) : [],
  )
  const rest = schema['additionalProperties']
  const others = isSchema(rest) && hasFields(rest) ? inside(rest, path === '' ? '*' : `${path}.*`) : []
  const items = schema['items']
  const each = isSchema(items) && hasFields(items) ? inside(items, `${path}[]`) : []
  // What one of several shapes requires, the whole does not.
  const choices = alternatives(schema).flatMap((one) => inside(one, path).map((row) => ({ ...row, required: false })))
  return [...own, ...others, ...each, ...choices]
}

function rowsOf(field: Schema, path: string, required: boolean): readonly SchemaRow[] {
  const given = field['default']
  const says = typeof field['description'] === 'string' ? field['description'] : ''
  const row: SchemaRow = {
    path,
    type: typeOf(field),
    required: required && given === undefined,
    ...(given === undefined ? {} : { default: JSON.stringify(given) }),
    says,
  }
  return [row, ...inside(field, path)]
}

function typeOf(field: Schema): string {
  const choices = field['enum']
  if (Array.isArray(choices)) return (choices as readonly Json[]).map((each) => JSON.stringify(each)).join(' or ')
  if (field['const'] !== undefined) return JSON.stringify(field['const'])
  const many = alternatives(field)
  if (many.length > 0) return [...new Set(many.map(typeOf))].join(' or ')
  const type = field['type']
  if (type === 'array') return `list of ${isSchema(field['items']) ? typeOf(field['items']) : 'anything'}`
  if (type === 'object' && !isSchema(field['properties'])) {
    const rest = field['additionalProperties']
    return isSchema(rest) ? `names to ${typeOf(rest)}` : 'object'
  }
  return typeof type === 'string' ? type : 'anything'
}

function alternatives(field: Schema): readonly Schema[] {
  const many = field['anyOf'] ?? field['oneOf'] ?? []
  return Array.isArray(many) ? (many as readonly Json[]).filter(isSchema) : []
}

function hasFields(schema: Schema): boolean {
  return isSchema(schema['properties']) || alternatives(schema).some(hasFields)
}

function isSchema(value: Json | undefined): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
