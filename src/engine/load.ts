/** Finds and reads a plan file, TypeScript or YAML, and the functions it names. Knows no target. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { readAsked, type Asked, functionsNamed } from '../core/asked.ts'
import { ChangeoverError } from '../core/errors.ts'
import { planFiles } from '../core/plan-files.ts'
import { expandRecipes, type Recipes } from '../core/recipe.ts'
import { type Locate, showPath } from '../core/shape.ts'
import { readYaml } from './load-yaml.ts'

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

export interface Loaded {
  readonly asked: Asked
  readonly locate: Locate
}

/** Reads it, puts steps in place of its recipes, and checks its shape. Messages name the file as it was named, without the folders above it. */
export async function loadPlanFile(file: string, recipes: Recipes): Promise<Loaded> {
  const name = basename(file)
  if (/\.ya?ml$/.test(file)) {
    const { value, lineOf } = await readYaml(file)
    const locate: Locate = (path) => {
      const line = lineOf(path)
      return `${name}: ${line === undefined ? '' : `line ${line}: `}${showPath(path)}`
    }
    return readExpanded(value, recipes, locate)
  }
  if (!/\.[cm]?[jt]s$/.test(file)) {
    const message = `"${name}" is no plan file: its name ends in none of .yaml, .yml, .ts, .mjs, .js`
    throw new ChangeoverError(
      'plan.invalid',
      message,
      'name a plan in YAML or TypeScript; `changeover init` writes one',
    )
  }
  const locate: Locate = (path) => `${name}: ${showPath(path)}`
  return readExpanded(await loadModule(file, 'default'), recipes, locate)
}

function readExpanded(written: unknown, recipes: Recipes, locate: Locate): Loaded {
  const expanded = expandRecipes(written, recipes, locate)
  return { asked: readAsked(expanded.value, expanded.locate), locate: expanded.locate }
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
