/** The files of `config.rewrite`, there and back: what is kept beside them, so that neither a crash nor an edit costs a byte. */
import { ChangeoverError, isChangeoverError } from '../../../core/errors.ts'
import type { Writing } from '../../../core/kind.ts'
import { type ConfigDocument, decodeConfig, openConfig, rewrite, wayBack } from '../../../config/index.ts'
import {
  type CompiledLens,
  compileLens,
  type LensFunctions,
  references as lensReferences,
} from '../../../lens/index.ts'
import { list } from './findings.ts'
import type { FilesRole, OneFile, RewriteWork } from './work.ts'

/** Where the old files are kept, below the folder of the target. */
export const sideRoot = '.changeover'

/** Beside the files, in a folder that no target watches: secrets of the file must not travel to the journal or to another machine. */
export function sideFolder(at: { readonly run: string; readonly step: string }): string {
  return `${sideRoot}/${`${at.run}-${at.step}`.replaceAll(/[^\w.-]/g, '_')}`
}

/** The files kept beside: the old bytes, the bytes that were made of them, and what a rollback gives. */
export function sideFiles(at: { readonly run: string; readonly step: string }, i: number) {
  const name = `${sideFolder(at)}/${i}`
  return { old: `${name}.old`, made: `${name}.new`, back: `${name}.back` } as const
}

/** The lens of the work, ready; undefined where it has none. */
export async function lensOf(
  work: RewriteWork,
  at: Pick<Writing<FilesRole>, 'clock' | 'load'>,
): Promise<CompiledLens | undefined> {
  if (work.lens === null) return undefined
  const functions = new Map<string, LensFunctions>()
  for (const name of lensReferences(work.lens)) functions.set(name, (await at.load(name)) as LensFunctions)
  return compileLens(work.lens, { now: new Date(at.clock.now()).toISOString() }, functions)
}

/** A configuration file as it is in the target. */
export function opened(each: OneFile, path: string, bytes: Buffer): ConfigDocument {
  return openConfig(path, decodeConfig(path, bytes), each.format)
}

/** Old and new bytes are durable before the first write, so that a crash can never cost them; the old ones last: they say that both are there. */
export async function rewriteFile(each: OneFile, i: number, work: RewriteWork, at: Writing<FilesRole>): Promise<void> {
  const files = at.on.files
  const side = sideFiles(at, i)
  if ((await files.read(side.old)) === null) await prepare(each, side, work, at)
  const old = (await files.read(side.old))!
  const made = (await files.read(side.made))!
  const now = await files.read(each.to)
  if (now?.equals(made)) return
  const untouched = now === null ? each.to !== each.file : each.to === each.file && now.equals(old)
  if (untouched) return files.write(each.to, made)
  if (looksRewritten(each, now, opened(each, each.to, made))) return
  throw new ChangeoverError(
    'plan.stale',
    `"${each.to}" was edited while it was being rewritten`,
    `compare it with "${side.old}", and put back the one that is right`,
  )
}

async function prepare(
  each: OneFile,
  side: ReturnType<typeof sideFiles>,
  work: RewriteWork,
  at: Writing<FilesRole>,
): Promise<void> {
  const old = await at.on.files.read(each.file)
  if (old === null) {
    throw new ChangeoverError(
      'plan.stale',
      `"${each.file}" is gone since the plan was made`,
      'run `changeover plan` again',
    )
  }
  const made = rewrite(opened(each, each.file, old), work.rules, await lensOf(work, at))
  await at.on.files.write(side.made, Buffer.from(made.text()))
  await at.on.files.write(side.old, old)
}

/** True where someone edited the new file after this step had written it, and its mark was lost. */
function looksRewritten(each: OneFile, now: Buffer | null, made: ConfigDocument): boolean {
  if (now === null) return false
  const seen = new Set(opened(each, each.to, now).keys())
  const same = made.keys().filter((key) => seen.has(key)).length
  return same * 2 > Math.max(seen.size, made.keys().length)
}

/** Decides once what the file will be, and notes that before it writes: entered again, it must not take the old file for an edited new one. */
export async function restoreFile(
  each: OneFile,
  i: number,
  work: RewriteWork,
  at: Writing<FilesRole>,
): Promise<string | undefined> {
  const files = at.on.files
  const side = sideFiles(at, i)
  const old = await files.read(side.old)
  if (old === null) return undefined
  let said: string | undefined
  if ((await files.read(side.back)) === null) {
    const back = await backBytes(each, old, (await files.read(side.made))!, work, at)
    said = back.said
    await files.write(side.back, back.bytes)
  }
  const bytes = (await files.read(side.back))!
  if (!(await files.read(each.file))?.equals(bytes)) await files.write(each.file, bytes)
  if (each.to !== each.file) await files.remove(each.to)
  await files.remove(side.old)
  return said
}

/** The old file, with the edits of the new one that it has a place for. An edited file that does not come back whole is kept beside. */
async function backBytes(
  each: OneFile,
  old: Buffer,
  made: Buffer,
  work: RewriteWork,
  at: Writing<FilesRole>,
): Promise<{ readonly bytes: Buffer; readonly said?: string }> {
  const now = await at.on.files.read(each.to)
  const before = each.to === each.file ? old : ((await at.on.files.read(each.file)) ?? old)
  if (now === null || now.equals(old) || now.equals(made)) return { bytes: before }
  const beside = `${each.to}.changeover-${at.run.replaceAll(/[^\w.-]/g, '_')}`
  try {
    const back = wayBack(
      opened(each, each.file, before),
      opened(each, each.to, made),
      opened(each, each.to, now),
      work.rules,
      await lensOf(work, at),
    )
    const bytes = Buffer.from(back.text)
    if (back.lost.length === 0)
      return { bytes, said: `edits of ${list(back.carried.map((move) => move.from))} came back` }
    await at.on.files.write(beside, now)
    return { bytes, said: `${list(back.lost)} were edited, and the old version has no place for them: see "${beside}"` }
  } catch (error) {
    if (!isChangeoverError(error) || !/^(config|lens)\./.test(error.code)) throw error
    await at.on.files.write(beside, now)
    return { bytes: before, said: `"${each.to}" cannot be taken back to the old version: it is kept as "${beside}"` }
  }
}
