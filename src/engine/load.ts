/** Finds and reads a plan file, TypeScript or YAML, and the functions it names. Knows no target. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { readAsked, type Asked, functionsNamed } from '../core/asked.ts'
import { ChangeoverError } from '../core/errors.ts'

export const planFiles = [
  'changeover.config.ts',
  'changeover.config.mjs',
  'changeover.config.js',
  'changeover.yaml',
  'changeover.yml',
] as const

/** The plan file that is meant: the one named, or the first of the usual names in `cwd`. Throws `plan.not-found`. */
export function findPlanFile(cwd: string, named?: string): string {
  const tried = named === undefined ? planFiles.map((name) => join(cwd, name)) : [resolve(cwd, named)]
  const found = tried.find((path) => existsSync(path))
  if (found !== undefined) return found
  const message =
    named === undefined ? `no plan in ${cwd}: looked for ${planFiles.join(', ')}` : `there is no plan file "${named}"`
  throw new ChangeoverError(
    'plan.not-found',
    message,
    'name one with `--file`, or write a first one with `changeover init`',
  )
}

/** Reads and checks it. Messages name the file as it was named, without the folders above it. */
export async function loadPlanFile(file: string): Promise<Asked> {
  const value = /\.ya?ml$/.test(file) ? await readYaml(file) : await loadModule(file, 'default')
  return readAsked(value, basename(file))
}

/** `!file ./up.sql` in a YAML plan stands for the text of that file, so that an edit of it is an edit of the plan. */
async function readYaml(file: string): Promise<unknown> {
  const { parseDocument } = await import('yaml')
  const named: string[] = []
  const gather = { tag: '!file', resolve: (path: string) => (named.push(path), path) }
  const text = await readFile(file, 'utf8')
  const complaints = parseDocument(text, { customTags: [gather] }).errors
  if (complaints.length > 0) {
    const lines = complaints.map(
      (each) => `${basename(file)}: line ${each.linePos?.[0].line ?? '?'}: ${each.message.split('\n')[0] ?? ''}`,
    )
    throw new ChangeoverError('plan.invalid', lines.join('\n'), 'mend the YAML at that line')
  }
  const texts = new Map<string, string>()
  for (const path of named) texts.set(path, await readNamed(file, path))
  const fill = { tag: '!file', resolve: (path: string) => texts.get(path) ?? '' }
  return parseDocument(text, { customTags: [fill] }).toJS() as unknown
}

async function readNamed(file: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(dirname(file), path), 'utf8')
  } catch (error) {
    throw new ChangeoverError(
      'plan.not-found',
      `${basename(file)}: "!file ${path}" cannot be read`,
      'name a file relative to the plan file',
      { cause: error },
    )
  }
}

/** What a module hands out under a name, TypeScript or not. */
export async function loadModule(file: string, name: string): Promise<unknown> {
  const { createJiti } = await import('jiti')
  try {
    const jiti = createJiti(import.meta.url, { interopDefault: true, fsCache: false })
    const module = await jiti.import<Record<string, unknown>>(file)
    return name === 'default' ? (module['default'] ?? module) : module[name]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ChangeoverError(
      'plan.invalid',
      `${basename(file)} cannot be loaded: ${why}`,
      'mend the module; `npx tsc --noEmit` names the line',
      { cause: error },
    )
  }
}

/** A function that a plan names as `./file.ts#name`, relative to the plan's folder. Throws `plan.module`. */
export async function loadFunction(base: string, reference: string): Promise<unknown> {
  const [path = '', name = ''] = reference.split('#')
  const file = isAbsolute(path) ? path : resolve(base, path)
  const help = `export \`${name}\` from ${path}, relative to the plan file`
  if (!existsSync(file)) throw new ChangeoverError('plan.module', `"${reference}": there is no file ${path}`, help)
  const found = await loadModule(file, name)
  if (found === undefined)
    throw new ChangeoverError('plan.module', `"${reference}": ${path} exports no "${name}"`, help)
  return found
}

/** SHA-256 of each file of functions that the plan names: an edited function is an edited plan. */
export async function hashFunctions(base: string, asked: Asked): Promise<{ readonly [reference: string]: string }> {
  const hashes: { [reference: string]: string } = {}
  for (const reference of functionsNamed(asked.steps)) {
    await loadFunction(base, reference)
    hashes[reference] = sha256(await readFile(resolve(base, reference.split('#')[0] ?? ''), 'utf8'))
  }
  return hashes
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
