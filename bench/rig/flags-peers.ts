/** The same three flags in four evaluators: ours, flagd's, GrowthBook's, Unleash's. Each asks by a context of its own shape, made beforehand. */
import { once } from 'node:events'
import { GrowthBookClient } from '@growthbook/growthbook'
import { FlagdCore } from '@openfeature/flagd-core'
import { InMemStorageProvider, Unleash } from 'unleash-client'
import { compileFlags, parseFlags } from '../../src/flags/index.ts'

export const questions = ['static', 'share', 'rule'] as const
export type Question = (typeof questions)[number]

export type User = {
  readonly targetingKey: string
  readonly country: string
  readonly plan: string
}

/** `ask` evaluates the flag `many` times, over the users in turn, and counts those who are in. */
export interface Evaluator {
  readonly name: string
  ask(question: Question, many: number): number
}

const countries = ['DE', 'FR', 'NL', 'US', 'BR', 'IN', 'JP', 'ZA']

/** 4,096, so that nothing is answered from a cache. */
export const users: readonly User[] = Array.from({ length: 4096 }, (_, index) => ({
  targetingKey: `user-${(index * 2654435761) % 1_000_003}`,
  country: countries[index % countries.length] ?? '',
  plan: index % 3 === 0 ? 'pro' : 'free',
}))
const mask = users.length - 1

const share = {
  fractional: [
    ['on', 25],
    ['off', 75],
  ],
}
const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
const document = {
  flags: {
    static: flag,
    share: { ...flag, targeting: share },
    rule: {
      ...flag,
      targeting: {
        if: [
          { and: [{ in: [{ var: 'country' }, ['DE', 'FR', 'NL']] }, { '===': [{ var: 'plan' }, 'pro'] }] },
          share,
          'off',
        ],
      },
    },
  },
}

/** The short way, which answers the value. */
export function ours(): Evaluator {
  const flags = compileFlags(parseFlags(document), Date)
  return {
    name: 'changeover',
    ask: (question, many) => {
      let count = 0
      for (let at = 0; at < many; at++) if (flags.boolean(question, false, users[at & mask])) count += 1
      return count
    },
  }
}

/** The long way, which answers with variant, reason and metadata, as flagd's SDK does. */
export function oursInFull(): Evaluator {
  const flags = compileFlags(parseFlags(document), Date)
  return {
    name: 'changeover resolve',
    ask: (question, many) => {
      let count = 0
      for (let at = 0; at < many; at++)
        if (flags.resolve(question, users[at & mask], 'boolean').value === true) count += 1
      return count
    },
  }
}

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

export function flagd(): Evaluator {
  const core = new FlagdCore(undefined, silent)
  core.setConfigurations(JSON.stringify(document))
  const contexts = users.map((user) => ({ ...user }))
  return {
    name: 'flagd-core',
    ask: (question, many) => {
      let count = 0
      for (let at = 0; at < many; at++) {
        if (core.resolveBooleanEvaluation(question, false, contexts[at & mask]).value) count += 1
      }
      return count
    },
  }
}

export function growthbook(): Evaluator {
  const rollout = { force: true, coverage: 0.25, hashAttribute: 'id' }
  const condition = { country: { $in: ['DE', 'FR', 'NL'] }, plan: 'pro' }
  const features = {
    static: { defaultValue: false },
    share: { defaultValue: false, rules: [rollout] },
    rule: { defaultValue: false, rules: [{ ...rollout, condition }] },
  }
  const client = new GrowthBookClient().initSync({ payload: { features } })
  const contexts = users.map(({ targetingKey, ...rest }) => ({ attributes: { id: targetingKey, ...rest } }))
  return {
    name: 'growthbook',
    ask: (question, many) => {
      let count = 0
      for (let at = 0; at < many; at++) if (client.isOn(question, contexts[at & mask] ?? {})) count += 1
      return count
    },
  }
}

/** Started from a bootstrap, without a server: what cannot be fetched is told to nobody. */
export async function unleash(): Promise<Evaluator & { stop(): void }> {
  const parameters = { rollout: '25', stickiness: 'userId', groupId: 'flags' }
  const constraints = [
    { contextName: 'country', operator: 'IN', values: ['DE', 'FR', 'NL'] },
    { contextName: 'plan', operator: 'IN', values: ['pro'] },
  ]
  const feature = (name: string, strategies: readonly object[], enabled = true) => ({
    name,
    description: '',
    enabled,
    type: 'release',
    stale: false,
    impressionData: false,
    strategies,
    variants: [],
    dependencies: [],
  })
  const data = [
    feature('static', [{ name: 'default', parameters: {}, constraints: [] }], false),
    feature('share', [{ name: 'flexibleRollout', parameters, constraints: [] }]),
    feature('rule', [{ name: 'flexibleRollout', parameters, constraints }]),
  ]
  const client = new Unleash({
    appName: 'bench',
    url: 'http://127.0.0.1:9/',
    refreshInterval: 0,
    disableMetrics: true,
    timeout: 100,
    bootstrap: { data: data as never },
    storageProvider: new InMemStorageProvider(),
    disableAutoStart: true,
  })
  client.on('error', () => {})
  client.on('warn', () => {})
  const ready = once(client, 'ready')
  await client.start()
  await ready
  const contexts = users.map(({ targetingKey, country, plan }) => ({
    userId: targetingKey,
    properties: { country, plan },
  }))
  return {
    name: 'unleash-client',
    ask: (question, many) => {
      let count = 0
      for (let at = 0; at < many; at++) if (client.isEnabled(question, contexts[at & mask] ?? {})) count += 1
      return count
    },
    stop: () => client.destroy(),
  }
}
