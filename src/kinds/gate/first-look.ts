/** Before a run: every query of a gate asked once, to see that the source answers, and what. Judges nothing; only says what came, and what cannot fit it. */
import { isChangeoverError } from '../../core/errors.ts'
import { type Finding, note, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import type { Measured, MetricsReader } from '../../core/ports/index.ts'
import { type AnswerShape, readCondition, shown } from '../../metrics/index.ts'

/** What is asked of a metric, as far as a first look needs to know it. */
interface Asked {
  readonly query?: string | undefined
  readonly samples?: string | undefined
  readonly test?: (Counts & { readonly against?: Counts | undefined }) | undefined
  readonly successCondition?: string | undefined
  readonly failureCondition?: string | undefined
  readonly answers?: AnswerShape | undefined
}

interface Counts {
  readonly failed: string
  readonly total: string
}

type Seen = { readonly of: Measured } | { readonly why: string; readonly help: string }

/** One note of what came, and a risk for each query that was not answered or whose answer a condition cannot judge. A program is not run for that. */
export async function lookOnce(
  reader: MetricsReader,
  metrics: { readonly [name: string]: Asked },
  source: string,
): Promise<readonly Finding[]> {
  if (reader.runsProgram) return []
  const queries = Object.entries(metrics).flatMap(([name, each]) => queriesOf(each).map((query) => ({ name, query })))
  const seen = await Promise.all(queries.map(async ({ query }) => askOnce(reader, query)))
  const answered = queries.flatMap(({ name, query }, index) => {
    const each = seen[index]!
    return 'of' in each ? [{ name, query, value: each.of.value }] : []
  })
  const told = answered.map(({ name, query, value }) => `${named(name, query, metrics[name]!)} ${words(value)}`)
  return [
    ...(told.length === 0
      ? []
      : [
          note('gate.looked', `"${source}" was asked once: ${told.join('; ')}`, 'nothing to do', {
            answers: answered as unknown as Json,
          }),
        ]),
    ...seen.flatMap((each, index) => ('of' in each ? [] : [unanswered(source, queries[index]!, each)])),
    ...answered.flatMap(({ name, query, value }) => {
      const asked = metrics[name]!
      return query === asked.query ? misfits(name, asked, value) : []
    }),
  ]
}

function queriesOf({ query, samples, test }: Asked): readonly string[] {
  const counts = [test, test?.against].flatMap((each) => (each ? [each.failed, each.total] : []))
  return [query, samples, ...counts].filter((each) => each !== undefined)
}

async function askOnce(reader: MetricsReader, query: string): Promise<Seen> {
  try {
    return { of: await reader.measure(query) }
  } catch (error) {
    if (!isChangeoverError(error) || error.code === 'target.fenced') throw error
    return { why: error.message, help: error.help }
  }
}

/** It may be there by the time the gate is: what is so now is a risk, and no more. */
function unanswered(
  source: string,
  { name, query }: { readonly name: string; readonly query: string },
  { why, help }: { readonly why: string; readonly help: string },
): Finding {
  const message = `"${source}" does not answer "${query}" of metric "${name}": ${why}`
  return risk('gate.no-answer', message, `${help}; while it does not, the gate holds, and then fails`)
}

/** What a condition says to the answer that came. No verdict: only whether it can be asked of it. */
function misfits(name: string, asked: Asked, value: Measured['value']): readonly Finding[] {
  if (Array.isArray(value) && value.length === 0) return []
  return (['successCondition', 'failureCondition'] as const).flatMap((field) => {
    const text = asked[field]
    const read = text === undefined ? undefined : readCondition(text, asked.answers)
    const answer = read === undefined || typeof read === 'string' ? undefined : read.of(value)
    if (answer?.type !== 'error') return []
    const message = `"${name}" answers ${words(value)}, which its ${field} "${text ?? ''}" cannot judge: ${answer.why}`
    return [risk('gate.misfit', message, `change ${field} so that it fits the answer`)]
  })
}

function named(name: string, query: string, asked: Asked): string {
  return query === asked.query ? `"${name}"` : `"${query}" of "${name}"`
}

function words(value: Measured['value']): string {
  if (typeof value === 'number') return `a number, ${shown(value)}`
  if (!Array.isArray(value)) return shown(value)
  if (value.length === 0) return 'an empty list: there is no such series now'
  return value.length === 1 ? `a list of one, ${shown(value)}` : `a list of ${value.length}, ${shown(value)}`
}
