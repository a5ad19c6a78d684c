/** The plan as a person writes it, in YAML or TypeScript: its shape, and errors that name the path and the mend. Knows no kind. */
import { z } from 'zod'
import { ChangeoverError, suggestion, throwTogether } from './errors.ts'
import type { Json } from './json.ts'
import { complaintOf, type Locate, type Path, protoIn } from './shape.ts'

/** What the id of a step may be. */
export const stepName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*$/i, 'letters, digits, ".", "_" and "-" only, beginning with a letter or digit')

const target = z
  .object({
    adapter: z.string().describe('the name of an adapter, such as `postgres`'),
    config: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('what the adapter needs; `${NAME}` is filled in from the environment'),
  })
  .strict()

const stepFields = {
  id: stepName,
  kind: z.string().describe('`family.action`, see `changeover docs kinds`'),
  on: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .describe('a target, or targets by role'),
  spec: z.unknown().optional(),
  title: z.string().optional().describe('what a person calls the step'),
  stage: z.string().optional().describe('the stage it is shown under'),
  part: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('the part, or parts, it is rolled back with'),
  approval: z.string().optional().describe('what a person is asked before the step starts'),
}

export const guardSchema = z.object(stepFields).strict()
export const stepSchema = z
  .object({
    ...stepFields,
    guards: z.array(guardSchema).optional().describe('gates that run beside the step and can stop it'),
  })
  .strict()

const riskEntry = z.object({ risk: z.string(), mitigation: z.string(), recovery: z.string() }).strict()
const checkEntry = z
  .object({
    item: z.string(),
    step: z.string().optional().describe('the step whose success ticks it; without one a person does'),
  })
  .strict()

/** The shape of a plan file. `changeover docs plan` and the JSON Schema are made from it. */
export const askedSchema = z
  .object({
    name: stepName.describe('what the changeover is called'),
    from: z.string().describe('the version that runs'),
    to: z.string().describe('the version it is taken to'),
    onFailure: z.enum(['rollback', 'pause']).default('rollback').describe('what a failed step leads to'),
    hold: z
      .boolean()
      .optional()
      .describe('false: a plan that a gate turned back may be run again without being released'),
    journal: z
      .union([z.object({ folder: z.string() }).strict(), z.object({ postgres: z.string() }).strict()])
      .optional()
      .describe('where events go: a folder (default `.changeover`) or a PostgreSQL url'),
    targets: z.record(stepName, target),
    backFirst: z
      .array(z.string())
      .optional()
      .describe(
        'targets whose steps are turned back before all others, in this order: what takes users off the new version at once',
      ),
    steps: z.array(stepSchema).min(1, 'a plan has at least one step'),
    risks: z.array(riskEntry).default([]),
    communication: z.array(z.string()).default([]).describe('whom to tell, and when'),
    checklist: z.array(checkEntry).default([]),
  })
  .strict()

/** A plan as it was asked for, read and with its defaults. */
export type Asked = z.output<typeof askedSchema>
export type AskedStep = Asked['steps'][number]
export type AskedStepInput = AskedInput['steps'][number]
type AskedInput = z.input<typeof askedSchema>

/** A plan as it is written: a recipe may stand where steps do. */
export type ChangeoverInput = Omit<AskedInput, 'steps'> & {
  readonly steps: readonly (AskedStepInput | { recipe: string; id: string; spec?: unknown })[]
}

/** Reads a parsed plan file. `locate` is for messages. Throws `plan.invalid`, `plan.unknown-key`. */
export function readAsked(value: unknown, locate: Locate): Asked {
  const proto = protoIn(value)
  if (proto)
    throw new ChangeoverError('plan.invalid', `${locate(proto)}: no name can be "__proto__"`, 'name it otherwise')
  const read = askedSchema.safeParse(value)
  if (!read.success) {
    const { code, message, known } = complaintOf(read.error.issues, askedSchema, value, locate)
    throw new ChangeoverError(code, message, known ?? 'see `changeover docs plan` for the shape of a plan file')
  }
  throwTogether([...repeatedIds(read.data, locate), ...lostTargets(read.data, locate), ...lostSteps(read.data, locate)])
  return read.data
}

function repeatedIds(asked: Asked, locate: Locate): readonly ChangeoverError[] {
  const seen = new Set<string>()
  return idsOf(asked).flatMap(([id, path]) => {
    if (!seen.has(id)) {
      seen.add(id)
      return []
    }
    const message = `${locate(path)}: two steps have the id "${id}"`
    return [new ChangeoverError('plan.invalid', message, 'give each step an id of its own')]
  })
}

function lostTargets({ backFirst = [], targets }: Asked, locate: Locate): readonly ChangeoverError[] {
  const known = Object.keys(targets)
  return backFirst.flatMap((name, at) => {
    if (Object.hasOwn(targets, name)) return []
    const message = `${locate(['backFirst', at])} is target "${name}", which is not declared${suggestion(name, known)}`
    return [new ChangeoverError('plan.unknown-target', message, `the targets of the plan: ${known.join(', ')}`)]
  })
}

function lostSteps(asked: Asked, locate: Locate): readonly ChangeoverError[] {
  const known = idsOf(asked).map(([id]) => id)
  return asked.checklist.flatMap(({ item, step }, at) => {
    if (step === undefined || known.includes(step)) return []
    const message = `${locate(['checklist', at, 'step'])}: checklist item "${item}" names step "${step}", which the plan does not have${suggestion(step, known)}`
    const help = 'name a step of the plan, or leave the step away for a person to tick'
    return [new ChangeoverError('plan.unknown-step', message, help)]
  })
}

function idsOf(asked: Asked): readonly (readonly [id: string, path: Path])[] {
  return asked.steps.flatMap((step, index) => [
    [step.id, ['steps', index, 'id']] as const,
    ...(step.guards ?? []).map((one, at) => [one.id, ['steps', index, 'guards', at, 'id']] as const),
  ])
}

/** For a plan in TypeScript: checks the types while it is written, and returns it as it is. */
export function defineChangeover(plan: ChangeoverInput): ChangeoverInput {
  return plan
}

/** Every `./file.ts#name` in a value, in order, once. */
export function functionsNamed(value: unknown): readonly string[] {
  const found = new Set<string>()
  const look = (at: unknown): void => {
    if (typeof at === 'string' && /^\.{1,2}\/[^#\s]+\.[cm]?[jt]s#[\w$]+$/.test(at)) found.add(at)
    else if (typeof at === 'object' && at !== null) Object.values(at as Record<string, Json>).forEach(look)
  }
  look(value)
  return [...found]
}
