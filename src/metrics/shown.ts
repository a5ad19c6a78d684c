/** What a source answered, in few words. Pure. */
import { isObject, type Json } from '../core/json.ts'

/** A value for people: at most four of a list, four digits, of what has fields only their names. */
export function shown(value: Json): string {
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)))
  if (isObject(value)) return short(`{${Object.keys(value).join(', ')}}`)
  if (!Array.isArray(value)) return short(JSON.stringify(value))
  const items = value as readonly Json[]
  if (items.length === 1) return shown(items[0]!)
  return short(`[${items.slice(0, 4).map(shown).join(', ')}${items.length > 4 ? `, … ${items.length}` : ''}]`)
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
