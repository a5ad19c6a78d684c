/** A lens as closures, specialised once: no value meets an interpreter. Knows programs, not operations. */
import { ChangeoverError, isChangeoverError } from '../core/errors.ts'
import { type Chain, compileAround } from './around.ts'
import { compileEdit, type Stage } from './edit.ts'
import { lostOf } from './lost.ts'
import type { CompiledLens, Doc, LensContext, LensFunctions } from './lens.ts'
import { open } from './json-text.ts'
import type { LensData } from './operations.ts'
import { isFields } from './path.ts'
import { planLens, recalling, references, type Step } from './plan.ts'
import type { Direction, Edit, Environment } from './program.ts'

/**
 * Compiles a lens. `functions` holds what it names as `./file.ts#name` (see `references`). Throws `lens.invalid`.
 * Fields that the lens does not name pass through untouched, as the very values they are.
 */
export function compileLens(
  data: LensData,
  context: LensContext,
  functions: ReadonlyMap<string, LensFunctions> = new Map(),
): CompiledLens {
  const steps = planLens(data)
  const isAsync = needsAwait(data, functions)
  const environment = { context, functions }
  const forward = compileChain(steps, 'forward', environment)
  const backward = compileChain(steps, 'backward', environment)
  const now = (run: Chain) => (doc: Doc, was?: Doc) => run(doc, was) as Doc
  const later = (run: Chain) => async (doc: Doc, was?: Doc) => (await run(doc, was)) as Doc
  return {
    forward: isAsync ? refuseSync : now(forward),
    backward: isAsync ? refuseSync : now(backward),
    forwardAsync: later(forward),
    backwardAsync: later(backward),
    lost: lostOf(data, functions),
    async: isAsync,
  }
}

function refuseSync(): never {
  throw new ChangeoverError(
    'lens.invalid',
    'a lens with an asynchronous function was called without waiting for it',
    'call forwardAsync and backwardAsync',
  )
}

function needsAwait(data: LensData, functions: Environment['functions']): boolean {
  const isAsync = (run: unknown) => typeof run === 'function' && run.constructor.name === 'AsyncFunction'
  return references(data).some((reference) => {
    const found = functions.get(reference)
    return found !== undefined && (found.async === true || isAsync(found.forward) || isAsync(found.backward))
  })
}

export function compileChain(steps: readonly Step[], direction: Direction, environment: Environment): Chain {
  const order = direction === 'forward' ? steps : steps.toReversed()
  const drops = order.some((step) =>
    step[direction].some((edit) => (edit.edit === 'drop' && edit.at.length === 1) || edit.edit === 'only'),
  )
  const stages = order.flatMap((step, i) => {
    const recall = compileRecall(order, i, direction, environment)
    return step[direction].map((edit) => remember(compileStage(edit, direction, environment), recall))
  })
  const finish = drops ? withoutUndefined : (doc: unknown) => doc
  // A function that takes and gives fields makes a document of its own.
  const first = order[0]?.[direction][0]
  const copies = first?.edit !== 'fields' || !first.takes || !first.gives
  return (value, was) => {
    const given = open(value)
    let doc: unknown = copies && isFields(given) ? { ...given } : given
    const held = open(was)
    for (let i = 0; i < stages.length; i++) {
      doc = stages[i]!(doc, held)
      if (doc instanceof Promise) return rest(doc, stages, i + 1, held).then(finish)
    }
    return finish(doc)
  }
}

function compileStage(edit: Edit, direction: Direction, environment: Environment): Stage {
  switch (edit.edit) {
    case 'put':
    case 'drop':
    case 'only':
    case 'rest':
      return compileEdit(edit, environment)
    default:
      return compileAround(edit, direction, environment, (lens) => compileChain(planLens(lens), direction, environment))
  }
}

async function rest(first: Promise<unknown>, stages: readonly Stage[], from: number, was: unknown): Promise<unknown> {
  let doc = await first
  for (let i = from; i < stages.length; i++) doc = await stages[i]!(doc, was)
  return doc
}

function withoutUndefined(doc: unknown): unknown {
  if (typeof doc !== 'object' || doc === null || Array.isArray(doc)) return doc
  const fields = doc as Record<string, unknown>
  const made: Record<string, unknown> = {}
  for (const key in fields) {
    const value = fields[key]
    if (value !== undefined) made[key] = value
  }
  return made
}

function remember(stage: Stage, recall: Chain | undefined): Stage {
  if (!recall) return stage
  return (doc, was) => {
    if (was === undefined) return stage(doc, undefined)
    const stand = recollect(recall, was)
    return stand instanceof Promise ? stand.then((held) => stage(doc, held)) : stage(doc, stand)
  }
}

/** Where a person's function refuses what the other side holds, there is no memory at all. */
function recollect(recall: Chain, was: unknown): unknown {
  try {
    const stand = recall(was, undefined)
    return stand instanceof Promise ? stand.catch(forgotten) : stand
  } catch (error) {
    return forgotten(error)
  }
}

function forgotten(error: unknown): undefined {
  if (!isChangeoverError(error) || error.code !== 'lens.refused') throw error
}

/** What the other side holds as this step sees it. Undefined where it stands there as it is. */
function compileRecall(
  order: readonly Step[],
  index: number,
  direction: Direction,
  environment: Environment,
): Chain | undefined {
  const needed = recalling(order, index, direction)
  if (needed.length === 0) return undefined
  const opposite = direction === 'forward' ? 'backward' : 'forward'
  const steps = direction === 'forward' ? needed : needed.toReversed()
  return compileChain(steps, opposite, { ...environment, forgiving: true })
}
