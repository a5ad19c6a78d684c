/** The conformance kit of journals: order, refusal, durability across openings, tails and claims. Runs under any test runner. */
import { deepStrictEqual, rejects, strictEqual } from 'node:assert'
import type { Actor, Event, Happening, Journal } from '../core/event.ts'
import type { Check } from './kind-kit.ts'

/** A journal to be held to its interface. */
export interface JournalCase {
  readonly name: string
  /** Another opening of the same journal, as a second process would have it. */
  open(): Promise<Journal>
}

const actor = (token: string): Actor => ({ user: 'kit', host: 'kit', pid: process.pid, token })
const paused = (why: string): Happening => ({ type: 'run.paused', why, by: actor('kit') })
const whys = (events: readonly Event[]) =>
  events.map((event) => (event.type === 'run.paused' ? `${event.seq} ${event.why}` : event.type))

let count = 0
const fresh = () => `kit-${process.pid}-${++count}`

/** The checks of a journal, for any test runner. */
export function journalChecks(journalCase: JournalCase): readonly Check[] {
  const both = (body: (a: Journal, b: Journal, run: string) => Promise<void>) => async () => {
    const [a, b] = [await journalCase.open(), await journalCase.open()]
    try {
      await body(a, b, fresh())
    } finally {
      await Promise.all([a.close(), b.close()])
    }
  }
  return [
    { name: 'gives back what was appended, in order, to every opening', run: both(keepsOrder) },
    { name: 'refuses an event after one that is not the last', run: both(refuses) },
    { name: 'lets one of many writers at once have each number', run: both(races) },
    { name: 'tails what is there and what comes', run: both(tails) },
    { name: 'lists runs, the oldest first', run: both(lists) },
    { name: 'gives a run to one runner at a time, and frees it', run: both(claims) },
    { name: 'keeps text of any kind', run: both(keepsText) },
  ]
}

async function keepsOrder(a: Journal, b: Journal, run: string): Promise<void> {
  deepStrictEqual(await a.read(run), [])
  await a.append(run, paused('one'), 0)
  await b.append(run, paused('two'), 1)
  const third = await a.append(run, paused('three'), 2)
  strictEqual(third.seq, 3)
  strictEqual(new Date(third.at).toISOString(), third.at)
  deepStrictEqual(whys(await b.read(run)), ['1 one', '2 two', '3 three'])
  deepStrictEqual(whys(await b.read(run, 2)), ['3 three'])
  deepStrictEqual(await a.read(run), await b.read(run))
}

async function refuses(a: Journal, b: Journal, run: string): Promise<void> {
  await a.append(run, paused('one'), 0)
  await rejects(b.append(run, paused('other'), 0), { code: 'journal.conflict' })
  await rejects(b.append(run, paused('other'), 7), { code: 'journal.conflict' })
  deepStrictEqual(whys(await a.read(run)), ['1 one'])
}

async function races(a: Journal, b: Journal, run: string): Promise<void> {
  const writers = [a, b, a, b, a, b, a, b]
  const won: string[] = []
  for (let seq = 0; seq < 10; seq++) {
    const tries = writers.map(async (journal, index) => {
      await journal.append(run, paused(`writer ${index}`), seq)
      won.push(`${seq + 1} writer ${index}`)
    })
    const results = await Promise.allSettled(tries)
    strictEqual(results.filter((each) => each.status === 'fulfilled').length, 1, `winners of event ${seq + 1}`)
  }
  deepStrictEqual(whys(await a.read(run)), won)
  deepStrictEqual(whys(await b.read(run)), won)
}

async function tails(a: Journal, b: Journal, run: string): Promise<void> {
  await a.append(run, paused('one'), 0)
  await a.append(run, paused('two'), 1)
  const stop = new AbortController()
  const seen: Event[] = []
  const tail = (async () => {
    for await (const event of b.tail(run, 1, stop.signal)) {
      seen.push(event)
      if (seen.length === 2) stop.abort()
    }
  })()
  await a.append(run, paused('three'), 2)
  await tail
  deepStrictEqual(whys(seen), ['2 two', '3 three'])
}

async function lists(a: Journal, b: Journal, run: string): Promise<void> {
  const later = fresh()
  await a.append(run, paused('one'), 0)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await a.append(later, paused('one'), 0)
  const runs = await b.runs()
  deepStrictEqual(
    runs.filter((each) => each === run || each === later),
    [run, later],
  )
}

async function claims(a: Journal, b: Journal, run: string): Promise<void> {
  await a.append(run, paused('one'), 0)
  strictEqual(await b.hasRunner(run, 'kit'), false, 'a runner before there is one')
  const claim = await a.claim(run, actor('first'))
  strictEqual(await b.hasRunner(run, 'kit'), true, 'a runner while it holds the claim')
  await rejects(b.claim(run, actor('second')), { code: 'run.busy' })
  strictEqual(claim.lost.aborted, false)
  await claim.release()
  const next = await b.claim(run, actor('second'))
  await next.release()
  strictEqual(await a.hasRunner(run, 'kit'), false, 'a runner after it left')
}

async function keepsText(a: Journal, b: Journal, run: string): Promise<void> {
  const text = 'line\nbreak \u0000 "quotes" \\ ünïcode 漢字 🙂 \u2028'.replace('\u0000', '')
  await a.append(run, paused(text), 0)
  deepStrictEqual(whys(await b.read(run)), [`1 ${text}`])
}
