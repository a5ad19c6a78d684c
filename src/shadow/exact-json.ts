/** JSON whose long numbers stay what they were: 9007199254740993 is not 9007199254740992, though both parse to the same double. */
import type { Json } from '../core/json.ts'

const long = /\d{16}/
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** Undefined for what is no JSON. An integer of 16 digits and more becomes the text of it. */
export function parseJson(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json
    return long.test(text) ? (JSON.parse(text.replace(tokens, kept)) as Json) : value
  } catch {
    return undefined
  }
}

function kept(token: string): string {
  return /^-?\d{16,}$/.test(token) ? `"${token}"` : token
}
