import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  patches: '.',
  routes: {
    shop: { sides: { v1: 'shop-v1', v2: 'shop-v2' } },
    api: { rule: 1, sides: { v1: 'api-v1', v2: 'api-v2' } },
  },
}
const open = (more: Partial<GatewayApiConfig> = {}) =>
  gatewayApi.open({ ...config, ...more }, { run: 'r', fence: 1, base, signal: new AbortController().signal })
const patch = (name: string) => JSON.parse(readFileSync(join(base, name), 'utf8')) as unknown
const written = () => readdirSync(base).filter((name) => name.endsWith('.json'))

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
    expect(patch('shop-4711-001.json')).toEqual([
      { op: 'test', path: '/metadata/resourceVersion', value: '4711' },
      { op: 'test', path: '/spec/rules/0/backendRefs/0/name', value: 'shop-v1' },
      { op: 'test', path: '/spec/rules/0/backendRefs/1/name', value: 'shop-v2' },
      { op: 'test', path: '/spec/rules/0/backendRefs/0/weight', value: 1 },
      { op: 'test', path: '/spec/rules/0/backendRefs/1/weight', value: 0 },
      { op: 'replace', path: '/spec/rules/0/backendRefs/0/weight', value: 8000 },
      { op: 'replace', path: '/spec/rules/0/backendRefs/1/weight', value: 2000 },
    ])
    expect((await target.observe()).routes['shop']?.shares).toEqual({ v1: 8000, v2: 2000 })
  })

  it('writes a file for each change, each of which stands on the one before', async () => {
    const target = await open()
    await target.write.shift('shop', { v1: 8000, v2: 2000 })
    await target.write.shift('shop', { v1: 8000, v2: 2000 })
    await target.write.shift('api', { v1: 4000, v2: 6000 })
    await target.write.shift('shop', { v1: 10_000, v2: 0 })
    expect(written()).toEqual(['shop-4711-001.json', 'shop-4711-002.json', 'shop-4711-003.json'])
    expect(patch('shop-4711-002.json')).toEqual([
      { op: 'test', path: '/spec/rules/1/backendRefs/1/name', value: 'api-v1' },
      { op: 'test', path: '/spec/rules/1/backendRefs/0/name', value: 'api-v2' },
      { op: 'add', path: '/spec/rules/1/backendRefs/1/weight', value: 4000 },
      { op: 'add', path: '/spec/rules/1/backendRefs/0/weight', value: 6000 },
    ])
    expect(patch('shop-4711-003.json')).toEqual([
      { op: 'test', path: '/spec/rules/0/backendRefs/0/name', value: 'shop-v1' },
      { op: 'test', path: '/spec/rules/0/backendRefs/1/name', value: 'shop-v2' },
      { op: 'test', path: '/spec/rules/0/backendRefs/0/weight', value: 8000 },
      { op: 'test', path: '/spec/rules/0/backendRefs/1/weight', value: 2000 },
      { op: 'replace', path: '/spec/rules/0/backendRefs/0/weight', value: 10_000 },
      { op: 'replace', path: '/spec/rules/0/backendRefs/1/weight', value: 0 },
    ])
    expect((await target.observe()).routes).toMatchObject({
      shop: { shares: { v1: 10_000, v2: 0 } },
      api: { shares: { v1: 4000, v2: 6000 } },
    })
    rmSync(join(base, 'shop-4711-002.json'))
    await expect(target.observe()).rejects.toMatchObject({
      message: expect.stringContaining('has "shop-4711-003.json", and not "shop-4711-002.json"') as string,
    })
  })

  it('begins anew with a manifest that was fetched anew', async () => {
    const target = await open()
    await target.write.shift('shop', { v1: 8000, v2: 2000 })
    writeFileSync(
      join(base, 'route.yaml'),
      manifest.replace('4711', '4712').replace('weight: 1', 'weight: 3').replace('weight: 0', 'weight: 1'),
    )
    expect(await target.read.shares('shop')).toEqual({ v1: 7500, v2: 2500 })
    await target.write.shift('shop', { v1: 0, v2: 10_000 })
    expect(written()).toEqual(['shop-4711-001.json', 'shop-4712-001.json'])
    expect(patch('shop-4712-001.json')).toContainEqual({ op: 'test', path: '/metadata/resourceVersion', value: '4712' })
  })

  it('takes a manifest as `kubectl get` gives it', async () => {
    const more = manifest
      .replace('  namespace: prod', '  namespace: prod\n  uid: 1f\n  managedFields: [{ manager: kubectl }]')
      .replace(
        '    - matches:',
        `    - name: main
      timeouts: { request: 10s, backendRequest: 500ms }
      filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: { set: [{ name: x-a, value: b }] }
      matches:`,
      )
      .concat('status:\n  parents: [{ controllerName: example.com/gateway, parentRef: { name: edge } }]\n')
    writeFileSync(join(base, 'route.yaml'), more)
    expect(await (await open()).read.shares('shop')).toEqual({ v1: 10_000, v2: 0 })
  })

  it('says that it sends nothing', async () => {
    expect(await (await open()).ready?.()).toMatchObject([
      {
        level: 'risk',
        code: 'traffic.not-sent',
        help: `send each, in order: kubectl patch httproute shop -n prod --type json --patch-file ${base}/FILE`,
      },
    ])
  })

  it.each([
    [manifest.replace('HTTPRoute', 'Ingress'), 'is no HTTPRoute: kind'],
    [manifest.replace('weight: 1', 'weight: 1000001'), 'is no HTTPRoute: spec.rules.0.backendRefs.0.weight'],
    [manifest.replace('shop-v2', 'shop-v3'), 'has no backend "shop-v2" in rule 0'],
    [manifest.replace('port: 80', 'port: 99999999'), 'is no HTTPRoute: spec.rules.0.backendRefs.0.port'],
    [manifest.replace(', port: 80', ''), 'spec.rules.0.backendRefs.0.port: a backend that is a Service needs a port'],
    [manifest.replace('port: 80', 'prot: 80'), 'is no HTTPRoute: spec.rules.0.backendRefs.0'],
    [manifest.replace('rules:', 'ruels: []\n  rules:'), 'is no HTTPRoute: spec: Unrecognized key: "ruels"'],
    [manifest.replace('parentRefs: [{ name: edge }]', 'parentRefs: [{ name: Edge! }]'), 'spec.parentRefs.0.name'],
    [manifest.replace('type: PathPrefix', 'type: Prefix'), 'spec.rules.0.matches.0.path.type'],
    [
      manifest.replace('weight: 0 }', 'weight: 0 }\n        - { name: shop-v3, port: 80 }'),
      'that is no side and takes requests: "shop-v3", weight 1',
    ],
    [
      manifest.replace('weight: 0 }', 'weight: 0 }\n        - { name: shop-v2, port: 81, weight: 0 }'),
      'has the backend "shop-v2" twice in rule 0',
    ],
    [manifest.replace('weight: 1', 'weight: 0'), 'gives every backend of rule 0 weight 0: the gateway answers 500'],
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
    writeFileSync(join(base, 'shop-4711-001.json'), '[{"op":"remove","path":"/spec"}]')
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
