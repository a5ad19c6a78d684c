/** The kinds, recipes and adapters that are built in, as a reference describes them. Loads all of them. */
import { z } from 'zod'
import { builtinAdapters, builtinKinds, builtinRecipes } from '../builtin.ts'
import { askedSchema } from '../core/asked.ts'
import type { Json } from '../core/json.ts'
import { writtenSchema } from '../core/recipe.ts'
import { converters, operationKinds } from '../lens/index.ts'
import type { AdapterWords, KindWords, OperationWords, RecipeWords } from '../views/index.ts'

export function describedKinds(): readonly KindWords[] {
  return [...builtinKinds.values()].map((kind) => ({
    name: kind.name,
    summary: kind.summary,
    roles: kind.roles as KindWords['roles'],
    spec: jsonSchema(kind.spec as z.ZodType),
    example: kind.example,
    gate: kind.gate === true,
    labour: kind.labour !== undefined,
  }))
}

export function describedRecipes(): readonly RecipeWords[] {
  return [...builtinRecipes.values()].map((recipe) => ({
    name: recipe.name,
    summary: recipe.summary,
    spec: jsonSchema(recipe.spec),
    example: recipe.example,
  }))
}

export function describedAdapters(): readonly AdapterWords[] {
  return [...builtinAdapters.values()].map((adapter) => ({
    name: adapter.name,
    summary: adapter.summary,
    port: adapter.port,
    shape: jsonSchema(adapter.shape as z.ZodType),
    example: adapter.example,
  }))
}

export function describedOperations(): readonly OperationWords[] {
  return Object.values(operationKinds).map((each) => ({
    op: each.op,
    summary: each.summary,
    laws: each.laws,
    sql: each.sql,
    schema: jsonSchema(each.schema),
    example: each.example as unknown as OperationWords['example'],
  }))
}

export function converterNames(): readonly string[] {
  return Object.keys(converters)
}

/** What a person may write: defaults are optional there. */
export function jsonSchema(shape: z.ZodType): Json {
  return z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' }) as unknown as Json
}

export function planSchema(): Json {
  return jsonSchema(askedSchema)
}

/** The same with recipes where steps are: for editors. */
export function writtenPlanSchema(): Json {
  return jsonSchema(writtenSchema)
}
