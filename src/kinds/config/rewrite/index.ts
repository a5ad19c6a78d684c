/** `config.rewrite`: keys of configuration files mapped to new ones, comments and order kept. Knows no format: that is the room `config`. */
import { isChangeoverError } from '../../../core/errors.ts'
import { block, type Finding, risk } from '../../../core/finding.ts'
import { unknown } from '../../../core/json.ts'
import { defineKind, type Mark, type Reading } from '../../../core/kind.ts'
import type { FileFacts, FileReader } from '../../../core/ports/index.ts'
import {
  collidingValues,
  type ConfigDocument,
  decodeConfig,
  openConfig,
  planKeys,
  reviewReferences,
  reviewSecrets,
  rewrite,
  type WayBack,
  wayBack,
  keysThroughLens,
} from '../../../config/index.ts'
import { describeLens } from '../../../lens/index.ts'
import { findingsOf, literalSecrets, type PlannedFile, previewOf } from './findings.ts'
import { lensOf, opened, restoreFile, rewriteFile, sideFiles, sideFolder, sideRoot } from './files.ts'
import { filesOf, type FilesRole, type OneFile, rewriteSpec, type RewriteSpec, type RewriteWork } from './work.ts'

export const configRewrite = defineKind({
  name: 'config.rewrite',
  summary: 'Maps the keys of configuration files to new ones; comments, order and every other byte stay.',
  roles: { files: 'files' },
  spec: rewriteSpec,
  example: {
    file: 'neonhub.yml',
    map: { 'api.ssl.enabled': 'api.tls.enabled', 'api.ssl.cert': 'api.tls.certPath' },
    set: { federation: { enabled: false, mode: 'migration' } },
  },

  plan(given: RewriteSpec, site) {
    const files = filesOf(given)
    const rules: RewriteWork['rules'] = {
      map: given.map,
      set: given.set,
      defaults: given.defaults,
      remove: given.remove,
      unmapped: given.unmapped,
    }
    const plans = files.map((each) => planFile(each, given, rules, site.facts.files))
    const predicted = plans.map(
      ({ to, plan, sure }) => [to, { digest: unknown, keys: sure ? plan.after : notYet }] as const,
    )
    return {
      work: {
        files,
        rules,
        lens: (given.lens ?? null) as RewriteWork['lens'],
        require: given.require,
        environment: given.environment ?? null,
      },
      predicted: { files: { files: { ...site.facts.files.files, ...Object.fromEntries(predicted) } } },
      preview: [
        ...plans.flatMap(({ file, to, plan }) => previewOf(file, to, plan)),
        ...describeLens(given.lens ?? []).map((line) => `  ${line}`),
      ],
      undo: 'exact',
      findings: [...plans.flatMap((each) => findingsOf(each, given, site.facts.files)), ...literalSecrets(given)],
    }
  },

  async check(work, at) {
    const findings: Finding[] = []
    for (const each of work.files) findings.push(...(await checkFile(each, work, at)))
    return findings
  },

  async *apply(work, at, from) {
    const done = from?.done ?? 0
    for (const [i, each] of work.files.entries()) {
      if (i < done) continue
      at.signal.throwIfAborted()
      await rewriteFile(each, i, work, at)
      yield { at: { file: each.to }, done: i + 1, of: work.files.length, unit: 'files' }
    }
  },

  async verify(work, at) {
    const findings: Finding[] = []
    for (const [i, each] of work.files.entries()) findings.push(...(await verifyFile(each, i, work, at)))
    return findings
  },

  async *rollback(work, at, from) {
    const done = from?.done ?? 0
    for (const [i, each] of work.files.entries()) {
      if (i < done) continue
      at.signal.throwIfAborted()
      const said = await restoreFile(each, i, work, at)
      const mark: Mark = { at: { file: each.file }, done: i + 1, of: work.files.length, unit: 'files' }
      yield said === undefined ? mark : { ...mark, note: said }
    }
    await at.on.files.remove(sideFolder(at))
    if ((await at.on.files.list([`${sideRoot}/**`])).length === 0) await at.on.files.remove(sideRoot)
  },
})

/** Keys that a lens makes of values are seen only when it has run. */
const notYet = unknown as unknown as readonly string[]

function planFile(each: OneFile, given: RewriteSpec, rules: RewriteWork['rules'], facts: FileFacts): PlannedFile {
  const keys = facts.files[each.file]?.keys ?? []
  const through = given.lens === undefined ? keys : keysThroughLens(keys, given.lens, each.format)
  return { ...each, plan: planKeys(through ?? keys, rules, each.format), sure: through !== undefined }
}

async function checkFile(each: OneFile, work: RewriteWork, at: Reading<FilesRole>): Promise<readonly Finding[]> {
  const bytes = await at.on.files.read(each.file)
  if (bytes === null)
    return [block('config.missing', `there is no file "${each.file}"`, 'name a file that the target watches')]
  try {
    const old = opened(each, each.file, bytes)
    const lens = await lensOf(work, at)
    const taken = lens === undefined ? collidingValues(old, work.rules) : []
    if (taken.length > 0)
      return taken.map((move) =>
        block(
          'config.collision',
          `"${each.file}": "${move.from}" and "${move.to}" have different values, and would be one key`,
          'keep one of the two',
          { ...move },
        ),
      )
    return await review(rewrite(old, work.rules, lens), work, at.on.files)
  } catch (error) {
    if (!isChangeoverError(error) || !/^(config|lens)\./.test(error.code)) throw error
    return [block(error.code, error.message, error.help)]
  }
}

async function review(made: ConfigDocument, work: RewriteWork, files: FileReader): Promise<readonly Finding[]> {
  const names = [...(work.environment?.names ?? [])]
  for (const file of work.environment?.files ?? []) {
    const bytes = await files.read(file)
    if (bytes !== null) names.push(...openConfig(file, decodeConfig(file, bytes), 'env').keys())
  }
  return [...reviewReferences(made, work.environment === null ? undefined : names), ...reviewSecrets(made)]
}

async function verifyFile(
  each: OneFile,
  i: number,
  work: RewriteWork,
  at: Reading<FilesRole>,
): Promise<readonly Finding[]> {
  const bytes = await at.on.files.read(each.to)
  if (bytes === null) return [block('config.missing', `"${each.to}" is gone`, 'roll this step back and run it again')]
  try {
    const now = opened(each, each.to, bytes)
    const lacking = work.require.filter((key) => now.get(key) === undefined)
    const required = lacking.map((key) =>
      block('config.required', `"${each.to}" lacks "${key}"`, `add "${key}"`, { key }),
    )
    const back = await wayBackNow(each, i, now, work, at)
    const stuck = back?.lost.map((key) =>
      risk(
        'config.no-way-back',
        `"${key}" of "${each.to}" was edited, and the old version has no place for it`,
        'a rollback keeps it in a file beside; note it down',
        { key },
      ),
    )
    return [...required, ...(stuck ?? []), ...(await review(now, work, at.on.files))]
  } catch (error) {
    if (!isChangeoverError(error) || !/^(config|lens)\./.test(error.code)) throw error
    return [block(error.code, error.message, error.help)]
  }
}

/** What a rollback would give now; undefined where nothing was rewritten. */
async function wayBackNow(
  each: OneFile,
  i: number,
  now: ConfigDocument,
  work: RewriteWork,
  at: Reading<FilesRole>,
): Promise<WayBack | undefined> {
  const side = sideFiles(at, i)
  const old = await at.on.files.read(side.old)
  const made = await at.on.files.read(side.made)
  if (old === null || made === null || (await isOurs(each, at))) return undefined
  return wayBack(opened(each, each.file, old), opened(each, each.to, made), now, work.rules, await lensOf(work, at))
}

/** True where the file is just as a step of a run has written it: a later step that goes on from here is no edit by a person. */
async function isOurs(each: OneFile, at: Reading<FilesRole>): Promise<boolean> {
  const now = await at.on.files.digest(each.to)
  for (const path of await at.on.files.list([`${sideRoot}/*/*.new`])) {
    if ((await at.on.files.digest(path))?.sha256 === now?.sha256) return true
  }
  return false
}
