/** A recipe: a spec in, steps out. A plan names one under `steps:`, and is, from then on, the steps it became. Knows no recipe and no kind. */
import { z } from 'zod'
import { askedSchema, type AskedStep, stepName, stepSchema } from './asked.ts'
import { ChangeoverError, suggestion } from './errors.ts'
import { isObject, type Json } from './json.ts'
import { complaintOf, type Locate, type Path, showPath } from './shape.ts'

/** Steps made from a spec. */
export interface Recipe<Spec = unknown> {
  readonly name: `${string}.${string}`
  /** One sentence for the reference. */
  readonly summary: string
  readonly spec: z.ZodType<Spec>
  /** A spec that is valid, shown in the reference and in errors. */
  readonly example: Json
  /** Pure. The id of every step begins with `id`. */
  steps(id: string, spec: Spec): readonly AskedStep[]
}

/** Gives a recipe its types. It stays as it is. */
export function defineRecipe<Spec>(recipe: Recipe<Spec>): Recipe<Spec> {
  return recipe
}

/** Recipes by name. */
export type Recipes = ReadonlyMap<string, Recipe>

/** How a plan file names one. */
export const recipeEntry = z
  .object({
    recipe: z.string().describe('a recipe, see `changeover docs recipes`: its steps stand here instead'),
    id: stepName.describe('what the ids of its steps begin with'),
    spec: z.unknown().optional(),
  })
  .strict()

/** The shape of a plan file as it is written, recipes and all: the JSON Schema is made from it. */
export const writtenSchema = askedSchema.extend({ steps: z.array(z.union([stepSchema, recipeEntry])).min(1) })

/** Reads a spec and makes its steps. `base` is where the spec stands, for messages. Throws `plan.invalid`, `plan.unknown-key`. */
export function cook<Spec>(
  recipe: Recipe<Spec>,
  id: string,
  spec: unknown,
  locate: Locate,
  base: Path,
): readonly AskedStep[] {
  const read = recipe.spec.safeParse(spec)
  if (read.success) return recipe.steps(id, read.data)
  const { code, message, known } = complaintOf(read.error.issues, recipe.spec, spec, locate, base)
  const help = `see \`changeover docs ${recipe.name}\` for its spec and an example`
  throw new ChangeoverError(code, message, known === undefined ? help : `${known}; ${help}`)
}

export interface Expanded {
  /** The plan with steps in place of its recipes. */
  readonly value: unknown
  /** Where a path of that plan stands in the file: a step that a recipe made stands where the recipe does. */
  readonly locate: Locate
}

interface Origin {
  readonly step: unknown
  readonly at: number
  readonly recipe: string | undefined
}

/** Puts steps in place of every recipe of a plan that was read but not yet checked. Throws `plan.*`. */
export function expandRecipes(value: unknown, recipes: Recipes, locate: Locate): Expanded {
  const written = isObject(value as Json) ? (value as { readonly steps?: unknown }).steps : undefined
  if (!Array.isArray(written) || !written.some(isEntry)) return { value, locate }
  const made = (written as readonly unknown[]).flatMap((each, at): readonly Origin[] =>
    isEntry(each)
      ? stepsOf(each, recipes, locate, at).map((step) => ({ step, at, recipe: each.recipe }))
      : [{ step: each, at, recipe: undefined }],
  )
  return {
    value: { ...(value as object), steps: made.map(({ step }) => step) },
    locate: (path) => {
      const origin = path[0] === 'steps' && typeof path[1] === 'number' ? made[path[1]] : undefined
      if (origin === undefined) return locate(path)
      if (origin.recipe === undefined) return locate(['steps', origin.at, ...path.slice(2)])
      const within = path.length > 2 ? `${showPath(path.slice(2))} of a step` : 'a step'
      return `${locate(['steps', origin.at])}: ${within} made by recipe "${origin.recipe}"`
    },
  }
}

function isEntry(step: unknown): step is { readonly recipe: string } {
  return typeof step === 'object' && step !== null && Object.hasOwn(step, 'recipe')
}

function stepsOf(entry: unknown, recipes: Recipes, locate: Locate, at: number): readonly AskedStep[] {
  const base = ['steps', at]
  const read = recipeEntry.safeParse(entry)
  if (!read.success) {
    const { code, message, known } = complaintOf(read.error.issues, recipeEntry, entry, locate, base)
    throw new ChangeoverError(code, message, known ?? 'a recipe stands as `recipe`, `id` and `spec`')
  }
  const { recipe: name, id, spec } = read.data
  const recipe = recipes.get(name)
  if (recipe) return cook(recipe, id, spec ?? {}, locate, [...base, 'spec'])
  const message = `${locate([...base, 'recipe'])}: there is no recipe "${name}"${suggestion(name, recipes.keys())}`
  throw new ChangeoverError('plan.invalid', message, `recipes there are: ${[...recipes.keys()].join(', ')}`)
}
