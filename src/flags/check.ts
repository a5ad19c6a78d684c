/** Judges a document of flags by the rules of flagd's schema, and by what its evaluators refuse: all problems at once. Changes nothing. */
import { block, type Finding, isObject, type Json } from '../core/index.ts'
import { checkEvaluators } from './check-evaluators.ts'
import { checkTargeting } from './check-targeting.ts'
import { place, pointer, quoted } from './place.ts'
import { generationKey } from './set.ts'

/**
 * What is wrong with a document, each with its place (a JSON pointer, also in `data.path`), its value and what mends it. A `block`: the
 * document breaks flagd's schema, or a rule in it cannot work. A `risk`: flagd takes it, and the answer will surprise.
 */
export function checkFlags(document: unknown): readonly Finding[] {
  const structure = checkStructure(document)
  const json = document as Json
  if (!isObject(json) || !isObject(json['flags'])) return structure
  const evaluators = isObject(json['$evaluators']) ? json['$evaluators'] : {}
  const rules = Object.entries(json['flags']).flatMap(([key, flag]) =>
    isObject(flag) && isObject(flag['targeting']) ? [...checkTargeting(key, flag, evaluators)] : [],
  )
  return [...structure, ...checkEvaluators(evaluators), ...rules]
}

/** The part without which no flag of the document can be asked: everything but the rules. */
export function checkStructure(document: unknown): readonly Finding[] {
  return [...inDocument(document as Json)]
}

function shape(path: string, value: Json | undefined, wanted: string, mend: string): Finding {
  const where = path === '' ? 'the document' : `"${path}"`
  return block('flags.shape', `${where} is ${quoted(value)}, not ${wanted}`, mend, place(path, value))
}

function* inDocument(document: Json | undefined): Iterable<Finding> {
  if (!isObject(document)) {
    yield shape('', document, 'an object', 'write {"flags": {…}}, and hand over the parsed JSON, not its text')
    return
  }
  yield* inMetadata(document['metadata'], '/metadata')
  for (const name of ['flagSetId', 'version']) {
    const value = isObject(document['metadata']) ? document['metadata'][name] : undefined
    if (value === undefined || typeof value === 'string') continue
    yield shape(pointer('metadata', name), value, 'a text', 'put it in quotes')
  }
  yield* inEvaluators(document['$evaluators'])
  const flags = document['flags']
  if (!isObject(flags)) {
    const mend = 'list the flags by their keys: {"flags": {"my-flag": {…}}}'
    const list = Array.isArray(flags) ? 'a list of flags with a "key" each is read by some flagd alone: ' : ''
    yield shape('/flags', flags, 'an object', list + mend)
    return
  }
  for (const [key, flag] of Object.entries(flags)) {
    if (key === '') yield shape('/flags/', flag, 'a flag with a name', 'give the flag a key')
    yield* inFlag(flag, pointer('flags', key))
  }
}

function* inEvaluators(evaluators: Json | undefined): Iterable<Finding> {
  if (evaluators === undefined) return
  if (!isObject(evaluators)) {
    yield shape('/$evaluators', evaluators, 'an object', 'list shared rules by name: {"$evaluators": {"staff": {…}}}')
    return
  }
  for (const [name, rule] of Object.entries(evaluators)) {
    const path = pointer('$evaluators', name)
    if (name === '') yield shape(path, rule, 'a rule with a name', 'give the rule a name')
    if (!isObject(rule)) yield shape(path, rule, 'a rule', 'write one operation: {"in": […]}')
  }
}

function* inFlag(flag: Json, path: string): Iterable<Finding> {
  if (!isObject(flag)) {
    yield shape(path, flag, 'a flag', 'write {"state": "ENABLED", "variants": {…}, "defaultVariant": "off"}')
    return
  }
  const { state, variants, defaultVariant, targeting } = flag
  if (state !== 'ENABLED' && state !== 'DISABLED') {
    yield shape(`${path}/state`, state, 'a state', 'write "ENABLED" or "DISABLED"')
  }
  yield* inVariants(variants, `${path}/variants`)
  yield* inDefault(defaultVariant, variants, `${path}/defaultVariant`)
  if (targeting !== undefined && !isObject(targeting)) {
    yield shape(`${path}/targeting`, targeting, 'a rule', 'write one operation, or leave targeting out')
  }
  yield* inMetadata(flag['metadata'], `${path}/metadata`)
}

/** Arrays and null are no values of a flag. */
function typeOf(value: Json): string {
  if (value === null || Array.isArray(value)) return value === null ? 'null' : 'list'
  return typeof value
}

function* inVariants(variants: Json | undefined, path: string): Iterable<Finding> {
  if (!isObject(variants) || Object.keys(variants).length === 0) {
    yield shape(path, variants, 'at least one variant', 'name each value: {"on": true, "off": false}')
    return
  }
  const types = new Set(Object.values(variants).map(typeOf))
  if ('' in variants) yield shape(`${path}/`, variants[''], 'a variant with a name', 'give the variant a name')
  for (const [name, value] of Object.entries(variants)) {
    if (!['null', 'list'].includes(typeOf(value))) continue
    yield shape(path + pointer(name), value, 'a boolean, number, text or object', 'wrap it in an object')
  }
  if (types.size > 1) {
    const message = `"${path}" mixes ${[...types].join(' and ')}: ${quoted(variants)}`
    yield block('flags.variants-mixed', message, 'give all variants of a flag one type', place(path, variants))
  }
}

function* inDefault(name: Json | undefined, variants: Json | undefined, path: string): Iterable<Finding> {
  if (name === undefined || name === null || name === '') return
  if (typeof name !== 'string') {
    yield shape(path, name, 'the name of a variant', 'put it in quotes, or write null for the fallback of the program')
    return
  }
  if (!isObject(variants) || Object.hasOwn(variants, name)) return
  const message = `"${path}" is "${name}", which is no variant (there are ${quoted(Object.keys(variants))})`
  yield block('flags.default-unknown', message, 'name a variant, or add it', place(path, name))
}

function* inMetadata(metadata: Json | undefined, path: string): Iterable<Finding> {
  if (metadata === undefined) return
  if (!isObject(metadata)) {
    yield shape(path, metadata, 'an object', 'list texts, numbers and booleans by name')
    return
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (['string', 'number', 'boolean'].includes(typeOf(value))) continue
    yield shape(path + pointer(name), value, 'a text, number or boolean', 'metadata is flat: take it apart')
  }
  const generation = metadata[generationKey]
  if (generation === undefined || generation === 'v1' || generation === 'v2' || generation === 'v3') return
  yield shape(path + pointer(generationKey), generation, 'a hash generation', 'write "v1", "v2" (the default) or "v3"')
}
