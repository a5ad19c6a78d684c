/** Where the journal is, found without loading the plan: so that `status` starts at once. Gives up where only the plan itself can say. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { planFiles } from '../core/plan-files.ts'

/** The folder of the journal; undefined when there is no plan file, or when it must be loaded to know. */
export function journalPlace(cwd: string, file?: string): string | undefined {
  const path = file === undefined ? planFiles.map((name) => join(cwd, name)).find(existsSync) : resolve(cwd, file)
  if (path === undefined || !existsSync(path)) return undefined
  const text = readFileSync(path, 'utf8')
  if (!/\bjournal\b/.test(text)) return join(dirname(path), '.changeover')
  const folder = /\.ya?ml$/.test(path) ? yamlFolder(text) : undefined
  return folder === undefined ? undefined : resolve(dirname(path), folder)
}

/** `journal:` with a plain `folder:` below it or beside it. Anything cleverer is left to the real reader. */
function yamlFolder(text: string): string | undefined {
  const asked = text.split('\n').filter((line) => /\bjournal\b/.test(line.replace(/#.*/, '')))
  if (asked.length === 0) return '.changeover'
  const found = /^journal:[ \t]*(?:\n[ \t]+|\{[ \t]*)folder:[ \t]*([\w./-]+)[ \t]*\}?[ \t]*(?:#.*)?$/m.exec(text)
  return asked.length === 1 ? found?.[1] : undefined
}
