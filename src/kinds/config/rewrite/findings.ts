/** What `config.rewrite` says before it runs: keys that change, keys that are missing. Sees the names of keys, never a value. */
import { block, type Finding, note, risk } from '../../../core/finding.ts'
import type { FileFacts } from '../../../core/ports/index.ts'
import { configFormats, formatOf, isSecretKey, type KeyPlan, openConfig, referencesIn } from '../../../config/index.ts'
import type { OneFile, RewriteSpec } from './work.ts'

export function previewOf(file: string, to: string, plan: KeyPlan): readonly string[] {
  return [
    file === to ? `rewrite "${file}"` : `write "${to}" from "${file}", which stays`,
    ...plan.moves.map((each) => `  ${each.from} → ${each.to}`),
    ...plan.removed.map((key) => `  - ${key}`),
    ...plan.added.map((key) => `  + ${key}`),
    ...(plan.unmapped.length === 0 || plan.moves.length === 0
      ? []
      : [
          `  as they are, in no rule: ${plan.unmapped.filter((key) => !plan.removed.includes(key)).join(', ') || 'none'}`,
        ]),
  ]
}

/** One file, and what the rules make of its keys. `sure` is false where a lens makes keys that hang on values. */
export interface PlannedFile extends OneFile {
  readonly plan: KeyPlan
  readonly sure: boolean
}

/** All that is to be said of one file before it is read. */
export function findingsOf(each: PlannedFile, given: RewriteSpec, facts: FileFacts): readonly Finding[] {
  const keys = facts.files[each.file]?.keys ?? []
  return [...ofFile(each, given, facts), ...ofChanges(each), ...ofUnmapped(each, given), ...ofNeeds(each, given, keys)]
}

function ofFile({ file, to }: PlannedFile, given: RewriteSpec, facts: FileFacts): readonly Finding[] {
  const found: Finding[] = []
  if (facts.files[file] === undefined)
    found.push(block('config.missing', `there is no file "${file}"`, 'name a file that the target watches'))
  if (given.format === undefined && formatOf(file) === undefined) {
    found.push(
      block(
        'config.format',
        `the format of "${file}" is not known by its name`,
        `add a "format": ${configFormats.join(', ')}`,
      ),
    )
  }
  if (given.to !== undefined && Array.isArray(given.file))
    found.push(block('config.to', '"to" names one new file for several old ones', 'take one step for each file'))
  if (to !== file && facts.files[to] !== undefined)
    found.push(block('config.there', `"${to}" is there already`, 'name another file, or remove it first'))
  return found
}

function ofChanges({ file, to, plan }: PlannedFile): readonly Finding[] {
  const found: Finding[] = []
  if (plan.moves.length > 0) {
    const names = list(plan.moves.map((each) => each.from))
    found.push(
      note(
        'config.breaking',
        `"${to}": ${names} get another name`,
        'programs that read them must read the new ones',
        plan.moves.map((each) => ({ ...each })),
      ),
    )
  }
  if (plan.removed.length > 0) {
    found.push(
      risk(
        'config.removed',
        `"${to}": ${list(plan.removed)} go`,
        'see that nothing reads them any more; a rollback brings them back',
        plan.removed,
      ),
    )
  }
  const taken = plan.collisions.map((each) =>
    risk(
      'config.collision',
      `"${file}": "${each.from}" goes to "${each.to}", which is there too`,
      'the check compares the two; keep one',
      { ...each },
    ),
  )
  return [...found, ...taken]
}

function ofUnmapped({ file, plan }: PlannedFile, given: RewriteSpec): readonly Finding[] {
  const left = plan.unmapped.filter((key) => !plan.removed.includes(key))
  // Without a map the step edits a file: that it leaves the rest alone is no news.
  const edits = Object.keys(given.map).length === 0 && given.unmapped === 'keep'
  if (left.length === 0 || edits || given.lens !== undefined) return []
  const words = `"${file}": no rule names ${list(left)}`
  if (given.unmapped === 'block')
    return [block('config.unmapped', words, 'map them, remove them, or set "unmapped" to "keep"', left)]
  return [note('config.unmapped', words, 'they are kept as they are', left)]
}

function ofNeeds(
  { file, to, plan, sure }: PlannedFile,
  given: RewriteSpec,
  keys: readonly string[],
): readonly Finding[] {
  const old = Object.keys(given.deprecated).filter((key) => keys.includes(key) || plan.after.includes(key))
  const missing = sure
    ? given.require.filter((key) => !plan.after.some((each) => each === key || each.startsWith(`${key}.`)))
    : []
  return [
    ...old.map((key) =>
      risk('config.deprecated', `"${file}": "${key}" is deprecated`, given.deprecated[key]!, { key }),
    ),
    ...missing.map((key) =>
      block(
        'config.required',
        `"${to}" would lack "${key}", which the new version requires`,
        `add "${key}" to "set" or "defaults", or to "${file}"`,
        { key },
      ),
    ),
  ]
}

/** A secret in a plan would reach the journal: only references may stand there. */
export function literalSecrets(given: RewriteSpec): readonly Finding[] {
  const probe = [given.set, given.defaults]
    .flatMap((each) => Object.entries(each))
    .reduce((made, [key, value]) => made.set(key, value), openConfig('plan', '{}', 'json'))
  const referred = referencesIn(probe).map((each) => each.key)
  const literal = probe
    .keys()
    .filter(
      (key) =>
        isSecretKey(key) && typeof probe.get(key) === 'string' && probe.get(key) !== '' && !referred.includes(key),
    )
  return literal.map((key) =>
    block(
      'config.literal-secret',
      `the plan holds a value for "${key}"`,
      'write a reference such as ${NAME}, and set that in the environment of the service',
      { key },
    ),
  )
}

/** Names in quotes, for a message. */
export function list(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(', ')
}
