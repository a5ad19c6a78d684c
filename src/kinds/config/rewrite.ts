/** `config.rewrite`: keys of configuration files mapped to new ones, comments and order kept. Knows no format: that is the room `config`. */
import { isChangeoverError } from '../../core/errors.ts'
import { block, type Finding, risk } from '../../core/finding.ts'
import { unknown } from '../../core/json.ts'
import { defineKind, type Mark, type Reading } from '../../core/kind.ts'
import type { FileReader } from '../../core/ports/index.ts'
import {
  collidingValues,
  type ConfigDocument,
  decodeConfig,
  openConfig,
  planKeys,
  reviewReferences,
  reviewSecrets,
  rewrite,
  wayBack,
} from '../../config/index.ts'
import { findingsOf, literalSecrets, previewOf } from './rewrite-findings.ts'
import { restoreFile, rewriteFile, sideFolder, sideRoot } from './rewrite-files.ts'
import {
  filesOf,
  type FilesRole,
  type OneFile,
  rewriteSpec,
  type RewriteSpec,
  type RewriteWork,
} from './rewrite-work.ts'

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
    const plans = files.map((each) => ({
      ...each,
      plan: planKeys(site.facts.files.files[each.file]?.keys ?? [], rules, each.format),
    }))
    const predicted = plans.map(({ to, plan }) => [to, { digest: unknown, keys: plan.after }] as const)
    return {
      work: { files, rules, require: given.require, environment: given.environment ?? null },
      predicted: { files: { files: { ...site.facts.files.files, ...Object.fromEntries(predicted) } } },
      preview: plans.flatMap(({ file, to, plan }) => previewOf(file, to, plan)),
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

async function checkFile(each: OneFile, work: RewriteWork, at: Reading<FilesRole>): Promise<readonly Finding[]> {
  const bytes = await at.on.files.read(each.file)
  if (bytes === null)
    return [block('config.missing', `there is no file "${each.file}"`, 'name a file that the target watches')]
  try {
    const old = openConfig(each.file, decodeConfig(each.file, bytes), each.format)
    const taken = collidingValues(old, work.rules)
    if (taken.length > 0)
      return taken.map((move) =>
        block(
          'config.collision',
          `"${each.file}": "${move.from}" and "${move.to}" have different values, and would be one key`,
          'keep one of the two',
          { ...move },
        ),
      )
    return await review(rewrite(old, work.rules), work, at.on.files)
  } catch (error) {
    if (!isChangeoverError(error) || !error.code.startsWith('config.')) throw error
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
  const now = await at.on.files.read(each.to)
  if (now === null) return [block('config.missing', `"${each.to}" is gone`, 'roll this step back and run it again')]
  try {
    const made = openConfig(each.to, decodeConfig(each.to, now), each.format)
    const lacking = work.require.filter((key) => made.get(key) === undefined)
    const required = lacking.map((key) =>
      block('config.required', `"${each.to}" lacks "${key}"`, `add "${key}"`, { key }),
    )
    const old = await at.on.files.read(`${sideFolder(at)}/${i}.old`)
    const back =
      old === null
        ? undefined
        : wayBack(openConfig(each.file, decodeConfig(each.file, old), each.format), made, work.rules)
    const stuck = back?.lost.map((key) =>
      risk(
        'config.no-way-back',
        `"${key}" of "${each.to}" was edited, and the old version has no place for it`,
        'a rollback keeps it in a file beside; note it down',
        { key },
      ),
    )
    return [...required, ...(stuck ?? []), ...(await review(made, work, at.on.files))]
  } catch (error) {
    if (!isChangeoverError(error) || !error.code.startsWith('config.')) throw error
    return [block(error.code, error.message, error.help)]
  }
}
