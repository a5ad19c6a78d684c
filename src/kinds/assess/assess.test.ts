import { describe, expect, it } from 'vitest'
import { blocks, type Finding } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import type { AnyKind, Reading, Site, Target } from '../../core/kind.ts'
import type { HostReader, Roles } from '../../core/ports/index.ts'
import { describeKind } from '../../testing/index.ts'
import { assessCompatibility, assessRequirements, assessVersions } from './index.ts'

const reader: HostReader = {
  resources: async () => ({ cpu: 8, memoryBytes: 16.6e9, diskFreeBytes: 300e9, networkBitsPerSecond: null }),
  version: async (program) => (program === 'node' ? '20.19.0' : program === 'odd' ? 'five' : null),
}
const host: Target<'host'> = {
  identity: async () => 'host',
  observe: async () => ({}),
  read: reader,
  write: reader,
  fence: async () => undefined,
  close: async () => undefined,
}

const runner = { describe, it }
const nothing = async () => ({ targets: {}, close: async () => undefined })
describeKind({ name: 'NeonHub', kind: assessVersions, spec: assessVersions.example, world: nothing }, runner)
describeKind(
  { name: 'its example', kind: assessCompatibility, spec: assessCompatibility.example, world: nothing },
  runner,
)
const needs = {
  minimum: { cpu: 8, memory: '16GB', storage: '100GB', network: '1Gbps' },
  recommended: { cpu: 16, memory: '32GB' },
  tools: { node: '>=20.19' },
}
describeKind(
  {
    name: 'NeonHub',
    kind: assessRequirements,
    spec: needs,
    world: async () => ({ targets: { host }, close: async () => undefined }),
  },
  runner,
)

const planned = (kind: AnyKind, spec: Json) =>
  kind.plan(kind.spec.parse(spec), {
    facts: { host: {} },
    tools: {},
    targets: { host: 'host' },
  } as unknown as Site<Roles>)
const codes = (findings: readonly Finding[] | undefined) => (findings ?? []).map((each) => `${each.level} ${each.code}`)

describe('assess.versions', () => {
  const paths = [
    { from: '3.3.x', to: '4.0.0', complexity: 'low', downtime: '1-2 hours' },
    { from: '3.1.x or earlier', to: '4.0.0', via: '3.3.0', complexity: 'high', downtime: '4-8 hours' },
  ]
  it('finds the way, and warns of a hard one', () => {
    expect(codes(planned(assessVersions, { from: '3.3.0', to: '4.0.0', paths }).findings)).toEqual(['note assess.path'])
    expect(codes(planned(assessVersions, { from: '3.0.0', to: '4.0.0', paths }).findings)).toEqual([
      'note assess.path',
      'risk assess.complexity',
    ])
    expect(
      codes(
        planned(assessVersions, {
          from: '3.0.0',
          to: '4.0.0',
          paths,
          policy: { maxDowntime: '6h', maxComplexity: 'low' },
        }).findings,
      ),
    ).toEqual(['note assess.path', 'block assess.downtime', 'block assess.complexity'])
  })
  it('refuses what is not supported, with the nearest way', () => {
    const [refusal] = planned(assessVersions, { from: '3.2.0', to: '4.0.0', paths }).findings ?? []
    expect(refusal).toMatchObject({ level: 'block', code: 'assess.unsupported' })
    expect(refusal?.help).toContain('"3.3.x", "3.1.x or earlier"')
    expect(() => assessVersions.spec.parse({ from: 'latest', to: '4', paths: [] })).toThrow('not a version')
  })
})

describe('assess.compatibility', () => {
  it('says go or no-go', () => {
    const components = {
      a: { compatible: true },
      b: { compatible: false, issues: ['gone'] },
      c: { status: 'deprecated' },
      d: { compatible: false, requiredActions: [{ action: 'x', done: true }] },
    }
    const no = planned(assessCompatibility, { components })
    expect(codes(no.findings)).toEqual([
      'block assess.incompatible',
      'risk assess.deprecated',
      'note assess.api-change',
      'block assess.no-go',
    ])
    const yes = planned(assessCompatibility, {
      components,
      accepted: { b: 'unused' },
      configurationChanges: { breaking: ['a'], newRequired: ['b'] },
    })
    expect(blocks(yes.findings ?? [])).toEqual([])
    expect(yes.findings?.at(-1)).toMatchObject({ code: 'assess.go', data: { go: true } })
  })
})

describe('assess.requirements', () => {
  const check = async (spec: Json) =>
    codes(
      await assessRequirements.check!(
        planned(assessRequirements, spec).work as never,
        { on: { host: reader } } as unknown as Reading<{ host: 'host' }>,
      ),
    )
  it('compares what is measured with what is needed', async () => {
    expect(await check(needs)).toEqual([
      'risk assess.below-recommended',
      'risk assess.below-recommended',
      'risk assess.unmeasured',
    ])
    expect(await check({ minimum: { cpu: 8 } })).toEqual(['note assess.requirements-met'])
    expect(await check({ ...needs, extra: { federation: { cpu: 4, memory: '8GB', storage: '200GB' } } })).toEqual([
      'block assess.too-small',
      'block assess.too-small',
      'risk assess.unmeasured',
    ])
    expect(await check({ tools: { node: '>=22', docker: '*', odd: '1' } })).toEqual([
      'block assess.tool-version',
      'block assess.tool-missing',
      'risk assess.tool-version',
    ])
    expect(await check({ minimum: { cpu: 9 }, short: 'risk' })).toEqual(['risk assess.too-small'])
  })
})
