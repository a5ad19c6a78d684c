import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { trafficShift } from '../../kinds/traffic/index.ts'
import { describeKind } from '../../testing/index.ts'
import { gatewayApi, type GatewayApiConfig } from './index.ts'

const manifest = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: shop
  namespace: prod
  resourceVersion: "4711"
spec:
  parentRefs: [{ name: edge }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: / } }]
      backendRefs:
        - { name: shop-v1, port: 80, weight: 1 }
        - { name: shop-v2, port: 80, weight: 0 }
    - backendRefs:
        - { name: api-v2, port: 80 }
        - { name: api-v1, port: 80 }
`
let base: string
const config: GatewayApiConfig = {
  manifest: 'route.yaml',
  patch: 'patch.json',
  routes: {
    shop: { sides: { v1: 'shop-v1', v2: 'shop-v2' } },
    api: { rule: 1, sides: { v1: 'api-v1', v2: 'api-v2' } },
  },
}
const open = (more: Partial<GatewayApiConfig> = {}) =>
  gatewayApi.open({ ...config, ...more }, { run: 'r', fence: 1, base, signal: new AbortController().signal })
const patch = () => JSON.parse(readFileSync(join(base, 'patch.json'), 'utf8')) as unknown

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'changeover-gateway-api-'))
  writeFileSync(join(base, 'route.yaml'), manifest)
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

describe('the gateway-api adapter', () => {
  it('writes a patch of weights that tests what it stands on, and reads it back', async () => {
    const target = await open()
    expect(await target.observe()).toEqual({
      routes: {
        shop: { sticky: false, shares: { v1: 10_000, v2: 0 } },
        api: { sticky: false, shares: { v1: 5000, v2: 5000 } },
      },
    })
    expect(await target.write.shift('shop', { v1: 8000, v2: 2000 })).toEqual({ v1: 8000, v2: 2000 })
    expect(patch()).toEqual([
      { op: 'test', path: '/metadata/resourceVersion', value: '4711' },
      { op: 'test', path: '/spec/rules/0/backendRefs/0/name', value: 'shop-v1' },
      { op: 'test', path: '/spec/rules/0/backendRefs/1/name', value: 'shop-v2' },
      { op: 'test', path: '/spec/rules/1/backendRefs/1/name', value: 'api-v1' },
      { op: 'test', path: '/spec/rules/1/backendRefs/0/name', value: 'api-v2' },
      { op: 'replace', path: '/spec/rules/0/backendRefs/0/weight', value: 8000 },
      { op: 'replace', path: '/spec/rules/0/backendRefs/1/weight', value: 2000 },
      { op: 'add', path: '/spec/rules/1/backendRefs/1/weight', value: 5000 },
      { op: 'add', path: '/spec/rules/1/backendRefs/0/weight', value: 5000 },
    ])
    expect((await target.observe()).routes['shop']?.shares).toEqual({ v1: 8000, v2: 2000 })
  })

  it('says that it sends nothing', async () => {
    expect(await (await open()).ready?.()).toMatchObject([
      {
        level: 'risk',
        code: 'traffic.not-sent',
        help: `send it: kubectl patch httproute shop -n prod --type json --patch-file ${join(base, 'patch.json')}`,
      },
    ])
  })

  it.each([
    [manifest.replace('HTTPRoute', 'Ingress'), 'is no HTTPRoute: kind'],
    [manifest.replace('weight: 1', 'weight: 1000001'), 'is no HTTPRoute: spec.rules.0.backendRefs.0.weight'],
    [manifest.replace('shop-v2', 'shop-v3'), 'has no backend "shop-v2" in rule 0'],
    ['a: [', 'cannot be read'],
    ['', 'is not there, or empty'],
  ])('refuses a manifest that is wrong', async (text, message) => {
    writeFileSync(join(base, 'route.yaml'), text)
    await expect((await open()).observe()).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining(message) as string,
    })
  })

  it('refuses a patch that is not of weights, and shares that are not whole', async () => {
    const target = await open()
    await expect(target.write.shift('shop', { v1: 1, v2: 2 })).rejects.toMatchObject({ code: 'plan.invalid' })
    writeFileSync(join(base, 'patch.json'), '[{"op":"remove","path":"/spec"}]')
    await expect(target.observe()).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('is no patch of weights') as string,
    })
  })
})

describeKind(
  {
    name: 'as a patch of the Gateway API',
    kind: trafficShift,
    spec: { route: 'shop', to: { v1: 0, v2: 10_000 }, steps: [{ to: { v1: 5000, v2: 5000 }, holdMs: 1 }] },
    world: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'changeover-gateway-api-'))
      writeFileSync(join(folder, 'route.yaml'), manifest)
      const who = { run: 'r', fence: 1, base: folder, signal: new AbortController().signal }
      return {
        targets: { proxy: await gatewayApi.open(config, who) },
        tools: { proxy: gatewayApi.tools },
        close: async () => rmSync(folder, { recursive: true, force: true }),
      }
    },
  },
  { describe, it },
)
