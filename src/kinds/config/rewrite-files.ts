/** The files of `config.rewrite`, there and back: what is kept beside them, so that neither a crash nor an edit costs a byte. */
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { Writing } from '../../core/kind.ts'
import { type ConfigDocument, decodeConfig, openConfig, rewrite, wayBack } from '../../config/index.ts'
import { list } from './rewrite-findings.ts'
import type { FilesRole, OneFile, RewriteWork } from './rewrite-work.ts'

/** Where the old files are kept, below the folder of the target. */
export const sideRoot = '.changeover'

/** Beside the files, in a folder that no target watches: secrets of the file must not travel to the journal or to another machine. */
export function sideFolder(at: { readonly run: string; readonly step: string }): string {
  return `${sideRoot}/${`${at.run}-${at.step}`.replaceAll(/[^\w.-]/g, '_')}`
}

/** The old bytes are durable before the first write, so that a crash can never cost them. */
export async function rewriteFile(each: OneFile, i: number, work: RewriteWork, at: Writing<FilesRole>): Promise<void> {
  const files = at.on.files
  const keep = `${sideFolder(at)}/${i}.old`
  const kept = await files.read(keep)
  const old = kept ?? (await files.read(each.file))
  if (old === null)
    throw new ChangeoverError(
      'plan.stale',
      `"${each.file}" is gone since the plan was made`,
      'run `changeover plan` again',
    )
  const before = openConfig(each.file, decodeConfig(each.file, old), each.format)
  const made = rewrite(before, work.rules)
  if (kept === null) await files.write(keep, old)
  const now = await files.read(each.to)
  if (now?.equals(Buffer.from(made.text()))) return
  const untouched = now === null ? each.to !== each.file : each.to === each.file && now.equals(old)
  if (untouched) return files.write(each.to, Buffer.from(made.text()))
  if (kept === null || !looksRewritten(each, now, made)) {
    throw new ChangeoverError(
      'plan.stale',
      `"${each.to}" was edited while it was being rewritten`,
      `compare it with "${keep}", and put back the one that is right`,
    )
  }
}

/** True where someone edited the new file after this step had written it, and its mark was lost. */
function looksRewritten(each: OneFile, now: Buffer | null, made: ConfigDocument): boolean {
  if (now === null) return false
  const seen = new Set(openConfig(each.to, decodeConfig(each.to, now), each.format).keys())
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
  const keep = `${sideFolder(at)}/${i}.old`
  const final = `${sideFolder(at)}/${i}.back`
  const old = await files.read(keep)
  if (old === null) return undefined
  let said: string | undefined
  if ((await files.read(final)) === null) {
    const back = await backBytes(each, old, work, at)
    said = back.said
    await files.write(final, back.bytes)
  }
  const bytes = (await files.read(final))!
  if (!(await files.read(each.file))?.equals(bytes)) await files.write(each.file, bytes)
  if (each.to !== each.file) await files.remove(each.to)
  await files.remove(keep)
  await files.remove(final)
  return said
}

async function backBytes(
  each: OneFile,
  old: Buffer,
  work: RewriteWork,
  at: Writing<FilesRole>,
): Promise<{ readonly bytes: Buffer; readonly said?: string }> {
  const now = await at.on.files.read(each.to)
  const before = each.to === each.file ? old : ((await at.on.files.read(each.file)) ?? old)
  const first = openConfig(each.file, decodeConfig(each.file, old), each.format)
  if (now === null || now.equals(old) || now.equals(Buffer.from(rewrite(first, work.rules).text())))
    return { bytes: before }
  const beside = `${each.to}.changeover-${at.run.replaceAll(/[^\w.-]/g, '_')}`
  try {
    const edited = openConfig(each.to, decodeConfig(each.to, now), each.format)
    const back = wayBack(first, edited, work.rules)
    const text = before.equals(old)
      ? back.text
      : back.carried
          .reduce(
            (made, { from, to }) => carry(made, to, edited.get(from)),
            openConfig(each.file, decodeConfig(each.file, before), each.format),
          )
          .text()
    if (back.lost.length === 0)
      return { bytes: Buffer.from(text), said: `edits of ${list(back.carried.map((move) => move.from))} came back` }
    await at.on.files.write(beside, now)
    return {
      bytes: Buffer.from(text),
      said: `${list(back.lost)} were edited, and the old version has no place for them: see "${beside}"`,
    }
  } catch (error) {
    if (!isChangeoverError(error) || !error.code.startsWith('config.')) throw error
    await at.on.files.write(beside, now)
    return { bytes: before, said: `"${each.to}" cannot be read any more: it is kept as "${beside}"` }
  }
}

function carry(config: ConfigDocument, key: string, value: Json | undefined): ConfigDocument {
  return value === undefined ? config.remove(key) : config.set(key, value)
}
