/** `notify.webhook`: tells others what happened. A message that does not arrive is a risk to be seen, not a reason to stop. */
import { z } from 'zod'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { type Finding, risk } from '../../core/finding.ts'
import { isObject, type Json } from '../../core/json.ts'
import { defineKind, type Mark, type Writing } from '../../core/kind.ts'
import { deliver, isStatus, retries, type Retries } from '../../requests/index.ts'

const roles = { api: 'http' } as const

const spec = z.strictObject({
  path: z.string().startsWith('/').default('/'),
  outcome: z.string().min(1).default('reached').describe('What `{outcome}` stands for when the step is applied.'),
  body: z
    .json()
    .default({ run: '{run}', plan: '{plan}', from: '{from}', to: '{to}', step: '{step}', outcome: '{outcome}' })
    .describe('In its texts {run}, {plan}, {from}, {to}, {step} and {outcome} are filled in.'),
  onRollback: z.string().min(1).optional().describe('Also tells of a rollback, with this `{outcome}`.'),
  required: z.boolean().default(false).describe('Whether a message that does not arrive fails the step.'),
  retries: retries.prefault({ times: 3 }),
})

type Work = {
  readonly api: string
  readonly path: string
  readonly body: Json
  readonly outcome: string
  readonly onRollback: string | null
  readonly required: boolean
  readonly retries: Retries
}

type At = Writing<typeof roles>

export const notifyWebhook = defineKind({
  name: 'notify.webhook',
  summary:
    'Sends a message to a webhook, once for each event, with bounded retries. Not delivered is a risk, unless it is required.',
  roles,
  spec,
  example: { path: '/hooks/T1/B2', body: { text: '{plan} {from} to {to}: {step} {outcome}' } },

  plan(given, site) {
    const work: Work = {
      api: site.targets.api,
      path: given.path,
      body: given.body,
      outcome: given.outcome,
      onRollback: given.onRollback ?? null,
      required: given.required,
      retries: given.retries,
    }
    const preview = [
      `POST "${work.path}" of "${work.api}": ${JSON.stringify(work.body)}`,
      ...(work.onRollback === null
        ? ['on rollback nobody is told; a message that was sent stays sent']
        : [`on rollback: the same with "${work.onRollback}"`]),
    ]
    return { work, predicted: {}, preview, undo: 'exact' }
  },

  async *apply(work, at, from) {
    if (wasSent(from)) return
    yield* tell(work, work.outcome, at)
  },

  async verify(work, at) {
    return undelivered(work, at.applied)
  },

  async *rollback(work, at, from) {
    // Who was not told that it began need not hear that it was taken back.
    if (work.onRollback === null || at.applied === null || wasSent(from)) return
    yield* tell({ ...work, required: false }, work.onRollback, at)
  },
})

/** Every try carries the same event id, so that a receiver can drop what it knows. */
async function* tell(work: Work, outcome: string, at: At): AsyncGenerator<Mark> {
  const { run, step, plan } = at
  const body = fill(work.body, { run, step, outcome, plan: plan.name, from: plan.from, to: plan.to })
  const id = `${run}/${step}/${outcome}`.replace(/[^\x21-\x7e]/g, '-')
  const sending = deliver(
    () => at.on.api.send('POST', work.path, body, { 'x-event-id': id, 'idempotency-key': id }),
    work.retries,
    at.clock,
    at.signal,
  )
  try {
    for (;;) {
      const each = await sending.next()
      if (!each.done) {
        yield { at: { sent: false }, note: each.value }
        continue
      }
      const why = isStatus(each.value.status, '2xx')
        ? ''
        : `POST "${work.path}" of "${work.api}" answered ${each.value.status}`
      yield ended(work, why)
      return
    }
  } catch (error) {
    if (!isChangeoverError(error) || !error.code.startsWith('target.') || error.code === 'target.fenced') throw error
    yield ended(work, error.message)
  }
}

function ended(work: Work, why: string): Mark {
  if (why === '') return { at: { sent: true }, note: 'delivered' }
  if (work.required)
    throw new ChangeoverError(
      'target.failed',
      `the message was not delivered: ${why}`,
      'see the receiver, then `changeover resume`',
    )
  return { at: { sent: true, undelivered: why }, note: `not delivered: ${why}` }
}

function wasSent(mark: Mark): boolean {
  return (mark?.at as { readonly sent?: boolean } | undefined)?.sent === true
}

function undelivered(work: Work, applied: Mark | undefined): readonly Finding[] {
  const why = (applied?.at as { readonly undelivered?: string } | undefined)?.undelivered
  if (why === undefined) return []
  return [
    risk(
      'notify.undelivered',
      `a message to "${work.api}" was not delivered: ${why}`,
      'tell them by another way, and mend the webhook',
    ),
  ]
}

/** Only the names that are known, and only in texts: other braces stay. */
function fill(value: Json, names: Readonly<Record<string, string>>): Json {
  if (typeof value === 'string')
    return value.replace(/\{(\w+)\}/g, (whole, name: string) =>
      Object.hasOwn(names, name) ? (names[name] ?? whole) : whole,
    )
  if (Array.isArray(value)) return value.map((each: Json) => fill(each, names))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, names)]))
}
