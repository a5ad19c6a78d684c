import { describe, expect, it } from 'vitest'
import { memoryHttp, type MemoryAnswer, type MemoryHttp, type MemoryRequest } from '../../adapters/memory/index.ts'
import type { Json } from '../../core/json.ts'
import type { Mark } from '../../core/kind.ts'
import { describeKind, type KindCase } from '../../testing/index.ts'
import { httpCall } from './index.ts'

/** A small API of nodes: PUT of them is not known, a second POST is refused. */
function nodesApi(
  nodes: Set<string>,
  odd: (request: MemoryRequest, count: number) => MemoryAnswer | undefined = () => undefined,
): MemoryHttp {
  return memoryHttp((request, count) => {
    const special = odd(request, count)
    if (special) return special
    const id = request.path.split('/')[2]
    if (request.method === 'POST') {
      const made = (request.body as { id: string }).id
      if (nodes.has(made)) return { status: 409 }
      nodes.add(made)
      return { status: 201 }
    }
    if (id === undefined || !nodes.has(id)) return { status: 404 }
    if (request.method === 'DELETE') nodes.delete(id)
    return { status: 200, body: { id } }
  })
}

const spec = {
  look: { path: '/nodes/v4' },
  do: { method: 'POST', path: '/nodes', body: { id: 'v4' } },
  undo: { method: 'DELETE', path: '/nodes/v4' },
}

function caseOf(
  name: string,
  start: readonly string[],
  more: Json = spec,
  odd?: Parameters<typeof nodesApi>[1],
): KindCase {
  return {
    name,
    kind: httpCall,
    spec: more,
    world: async () => {
      const nodes = new Set(start)
      return {
        targets: { api: nodesApi(nodes, odd) },
        state: async () => [...nodes].sort(),
        close: async () => undefined,
      }
    },
  }
}

const flaky = (_: MemoryRequest, count: number) => (count % 2 === 1 ? ({ status: 503 } as const) : undefined)
const cases = [
  caseOf('a registration', []),
  caseOf('a registration that is there already', ['v4', 'other']),
  caseOf('an API that fails every other time', ['other'], { ...spec, retries: { times: 9, waitMs: 1 } }, flaky),
  caseOf('without a look', [], { do: spec.do, undo: spec.undo }),
]
for (const each of cases) describeKind(each, { describe, it })

describe('http.call', () => {
  const at = (api: MemoryHttp, applied: Mark = null) =>
    ({
      run: 'run-1',
      step: 'join',
      on: { api: api.write },
      applied,
      clock: { now: () => 0, sleep: async () => undefined },
      signal: new AbortController().signal,
    }) as never
  const planOf = (given: Json) =>
    httpCall.plan(httpCall.spec.parse(given), {
      facts: { api: {} },
      tools: { api: {} },
      targets: { api: 'federation' },
    })

  async function apply(api: MemoryHttp, given: Json = spec) {
    const marks: Mark[] = []
    for await (const mark of httpCall.apply(planOf(given).work, at(api), null)) marks.push(mark)
    return marks
  }

  it('carries a key of the run and the step, the same for each try', async () => {
    const api = nodesApi(new Set(), (request, count) =>
      request.method === 'POST' && count < 4 ? { status: 500 } : undefined,
    )
    await apply(api, { ...spec, retries: { waitMs: 1 } })
    const keys = api.requests.filter((each) => each.method === 'POST').map((each) => each.headers['idempotency-key'])
    expect(keys).toEqual(['run-1-join', 'run-1-join', 'run-1-join'])
  })

  it('takes back what a try whose answer was lost had made', async () => {
    const nodes = new Set<string>()
    const api = nodesApi(nodes, (request) => {
      if (request.method !== 'POST' || nodes.size > 0) return undefined
      nodes.add('v4')
      return 'down'
    })
    const marks = await apply(api, { ...spec, retries: { waitMs: 1 } })
    expect(marks.at(-1)?.at).toEqual({ stage: 'made' })
    for await (const _ of httpCall.rollback(planOf(spec).work, at(api, marks.at(-1) ?? null), null)) void _
    expect([...nodes]).toEqual([])
  })

  it('does not act on a look that could not tell', async () => {
    const api = memoryHttp((request) => (request.method === 'GET' ? { status: 401 } : { status: 201 }))
    await expect(apply(api)).rejects.toMatchObject({
      code: 'target.rights',
      message: 'GET "/nodes/v4" of "federation" answered 401',
    })
    expect(api.requests.length).toBe(1)
  })

  it('shows nothing of what was sent or answered when it is refused', async () => {
    const api = memoryHttp((request) =>
      request.method === 'GET' ? { status: 404 } : { status: 422, body: { token: 'echo' } },
    )
    const error: unknown = await apply(api).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'target.failed',
      message: 'POST "/nodes" of "federation" answered 422',
      data: { status: 422 },
    })
  })

  it.each([
    [{ do: spec.do }, 'none'],
    [{ do: spec.do, undo: 'nothing' }, 'lossy'],
    [spec, 'exact'],
  ])('says what a rollback can do', (given, undo) => {
    expect(planOf(given as Json).undo).toBe(undo)
  })

  it('warns where a crash could make it twice', () => {
    expect(planOf({ do: spec.do, undo: 'nothing' }).findings?.map((each) => each.code)).toEqual(['http.no-look'])
    expect(planOf(spec).findings).toEqual([])
  })
})
