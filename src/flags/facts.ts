/** What a document of flags is, for those who plan a change of it. Judges nothing. */
import { type FlagFacts, isObject, type JsonObject } from '../core/index.ts'

/** Of a document that `readFlags` took. Parts that are not there are empty. */
export function factsOf(document: JsonObject): FlagFacts {
  const part = (name: string): JsonObject => (isObject(document[name]) ? document[name] : {})
  return { flags: part('flags'), evaluators: part('$evaluators'), metadata: part('metadata') }
}
