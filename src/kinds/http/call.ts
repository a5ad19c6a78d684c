/** `http.call`: one change of an API, made once: looked for first, tried again while that may help, and taken back only if it was ours. */
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { block, type Finding, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import { defineKind, type Mark, type Reading, type Writing } from '../../core/kind.ts'
import type { Answer } from '../../core/ports/index.ts'
import {
  type AnswerCheck,
  answerCheck,
  deliver,
  isStatus,
  judgeAnswer,
  retries,
  type Retries,
} from '../../requests/index.ts'

const roles = { api: 'http' } as const
const path = z.string().startsWith('/')
const method = z.enum(['POST', 'PUT', 'PATCH', 'DELETE'])
const call = z.strictObject({ method, path, body: z.json().optional() })

const spec = z.strictObject({
  look: z
    .strictObject({ path, expect: answerCheck.default({ status: '2xx' }) })
    .optional()
    .describe('How to see that it is there already: a GET that answers as expected.'),
  do: call.extend({ already: z.array(z.int()).default([409]).describe('Statuses that mean it was there already.') }),
  undo: z
    .union([call, z.literal('nothing')])
    .optional()
    .describe('What takes it back; "nothing" where nothing needs to be. Without it the step cannot be turned back.'),
  retries: retries.prefault({}),
})

type Call = { readonly method: z.output<typeof method>; readonly path: string; readonly body?: Json }
type Work = {
  readonly api: string
  readonly look: { readonly path: string; readonly expect: Json } | null
  readonly make: Call
  readonly already: readonly number[]
  readonly undo: Call | 'nothing' | null
  readonly retries: Retries
}

/** What `apply` knows: it is `about` to make the call (or has been killed in it), `made` it, or `found` it there. */
type Stage = { readonly stage: 'about' | 'made' | 'found' }

export const httpCall = defineKind({
  name: 'http.call',
  summary: 'Makes one change through an HTTP API, such as a registration: only if it is not there yet, and only once.',
  roles,
  spec,
  example: {
    look: { path: '/federation/nodes/v4' },
    do: { method: 'POST', path: '/federation/nodes', body: { id: 'v4' } },
    undo: { method: 'DELETE', path: '/federation/nodes/v4' },
  },

  plan(given, site) {
    const work: Work = {
      api: site.targets.api,
      look: given.look ? { path: given.look.path, expect: given.look.expect as Json } : null,
      make: callOf(given.do),
      already: given.do.already,
      undo: given.undo === undefined || given.undo === 'nothing' ? (given.undo ?? null) : callOf(given.undo),
      retries: given.retries,
    }
    return { work, predicted: {}, preview: previewOf(work), undo: undoOf(work), findings: lookless(work) }
  },

  async *apply(work, at, from) {
    const before = stageOf(from)
    if (before === 'made' || before === 'found') return
    if (work.look && (await isThere(work, at))) {
      // Killed between the call and its mark, what is there now is what we made.
      yield { at: { stage: before === 'about' ? 'made' : 'found' }, note: 'it is there' }
      return
    }
    const about = { stage: 'about' }
    yield { at: about, note: 'about to call' }
    const { answer, tries } = yield* request(work.make, `${at.run}-${at.step}`, about, work, at)
    if (isStatus(answer.status, '2xx')) yield { at: { stage: 'made' }, note: `it answered ${answer.status}` }
    else if (work.already.includes(answer.status)) {
      // A first try whose answer was lost may have made it: then "already there" speaks of our own.
      const ours = before === 'about' || tries > 1
      yield { at: { stage: ours ? 'made' : 'found' }, note: 'it was there already' }
    } else throw refused(work, work.make, answer)
  },

  async verify(work, at) {
    if (!work.look || (await isThere(work, at))) return []
    return [
      block(
        'http.absent',
        `GET "${work.look.path}" of "${work.api}" does not show what "${work.make.path}" made`,
        'see the log of the API',
      ),
    ]
  },

  async *rollback(work, at) {
    const stage = stageOf(at.applied)
    if (stage === undefined || stage === 'found' || work.undo === null || work.undo === 'nothing') return
    if (work.look && !(await isThere(work, at))) return
    const { answer } = yield* request(work.undo, `${at.run}-${at.step}-undo`, { stage: 'undoing' }, work, at)
    if (!isStatus(answer.status, '2xx') && !isStatus(answer.status, [404, 410])) throw refused(work, work.undo, answer)
    yield { at: { stage: 'undone' }, note: `it answered ${answer.status}` }
  },
})

function callOf(given: z.output<typeof call>): Call {
  const { method: verb, path: to, body } = given
  return body === undefined ? { method: verb, path: to } : { method: verb, path: to, body }
}

function previewOf(work: Work): readonly string[] {
  const line = (of: Call) => `${of.method} "${of.path}" of "${work.api}"`
  return [
    ...(work.look ? [`look whether GET "${work.look.path}" of "${work.api}" shows it already`] : []),
    line(work.make),
    ...(work.undo === null || work.undo === 'nothing' ? [] : [`on rollback, if it was made here: ${line(work.undo)}`]),
    ...(work.undo === 'nothing' ? ['on rollback: nothing, it stays as it was made'] : []),
  ]
}

function undoOf(work: Work): 'exact' | 'lossy' | 'none' {
  if (work.undo === null) return 'none'
  return work.undo === 'nothing' ? 'lossy' : 'exact'
}

function lookless(work: Work): readonly Finding[] {
  if (work.look !== null || work.make.method === 'PUT' || work.make.method === 'DELETE') return []
  return [
    risk(
      'http.no-look',
      `after a crash "${work.make.method} ${work.make.path}" may be sent twice, with the same Idempotency-Key, and a rollback cannot tell what was there before`,
      'give `look`, or see that the API honours the key',
    ),
  ]
}

function stageOf(mark: Mark): Stage['stage'] | undefined {
  return (mark?.at as Stage | undefined)?.stage
}

type At = Reading<typeof roles> | Writing<typeof roles>

async function isThere(work: Work, at: At): Promise<boolean> {
  const { look } = work
  if (!look) return false
  const looking = deliver(() => at.on.api.get(look.path), work.retries, at.clock, at.signal)
  for (;;) {
    const each = await looking.next()
    if (each.done) return judgeLook(work, look.expect as AnswerCheck, each.value)
  }
}

/** Not found is an answer; a server that cannot say is none, and to act on it could make the same thing twice. */
function judgeLook(work: Work, expect: AnswerCheck, answer: Answer): boolean {
  if (judgeAnswer(expect, answer).met === 'yes') return true
  if (answer.status < 500 && answer.status !== 401 && answer.status !== 403 && answer.status !== 429) return false
  throw refused(work, { method: 'GET', path: work.look?.path ?? '' }, answer)
}

/** The request with a key that is the same for the same step of the same run, however often it is entered. */
async function* request(
  of: Call,
  key: string,
  stage: Json,
  work: Work,
  at: Writing<typeof roles>,
): AsyncGenerator<Mark, { readonly answer: Answer; readonly tries: number }> {
  const send = () => at.on.api.send(of.method, of.path, of.body, { 'idempotency-key': key })
  const sending = deliver(send, work.retries, at.clock, at.signal)
  for (let tries = 1; ; tries++) {
    const each = await sending.next()
    if (each.done) return { answer: each.value, tries }
    yield { at: stage, note: each.value }
  }
}

/** The body of the answer is left out: it may repeat what was sent. */
function refused(work: Work, of: { readonly method: string; readonly path: string }, answer: Answer): ChangeoverError {
  const rights = answer.status === 401 || answer.status === 403
  return new ChangeoverError(
    rights ? 'target.rights' : 'target.failed',
    `${of.method} "${of.path}" of "${work.api}" answered ${answer.status}`,
    rights
      ? `see the credentials in the headers of target "${work.api}"`
      : 'see the log of the API, then `changeover resume`',
    { data: { status: answer.status } },
  )
}
