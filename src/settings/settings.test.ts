import { describe, expect, test } from 'vitest'
import type { Json } from '../core/json.ts'
import { judgeValue, programValue, readSettings, type SettingRule, valueOf, wantedOf } from './index.ts'

const ruleOf = (rule: Json): SettingRule => readSettings({ settings: { it: rule } }).rules['it']!

const latency = { type: 'duration', default: '50ms', min: '1ms', max: '10s' }
const size = { type: 'integer', default: 10, min: 1, max: 100 }
const rate = { type: 'number', default: 0.001, min: 0, max: 1 }
const share = { type: 'percent', default: '5%', max: 50 }
const auto = { type: 'boolean', default: true }
const mode = { type: 'choice', of: ['datacenter', 'internet'], default: 'internet' }
const words = { type: 'text', default: '', longest: 20 }

describe('a value', () => {
  test.each<[Json, Json, Json, Json]>([
    [latency, '100ms', '100ms', 100],
    [latency, '1.5s', '1.5s', 1500],
    [size, '42', 42, 42],
    [size, 42, 42, 42],
    [rate, '1e-2', 0.01, 0.01],
    [share, '12.5 %', '12.5%', 12.5],
    [share, 7, '7%', 7],
    [auto, 'false', false, false],
    [mode, 'datacenter', 'datacenter', 'datacenter'],
    [words, 'true', 'true', 'true'],
  ])('of %j: %j is kept as %j, and is %j to a program', (rule, given, kept, seen) => {
    const judged = judgeValue(ruleOf(rule), given)
    expect(judged).toEqual({ value: kept })
    expect(programValue(ruleOf(rule), kept as string)).toBe(seen)
  })

  test.each<[Json, Json, string]>([
    [latency, '100', 'is "100", without a unit: write a duration such as "7d"'],
    [latency, 100, 'is 100, without a unit'],
    [latency, 'soon', 'is "soon", not a duration'],
    [latency, '20s', 'is "20s", more than 10s'],
    [latency, '0ms', 'is "0ms", less than 1ms'],
    [size, '1.5', 'is "1.5", not a whole number'],
    [size, '0x10', 'is "0x10", not an integer from 1 to 100'],
    [size, '', 'is "", not an integer from 1 to 100'],
    [size, '101', 'is "101", more than 100'],
    [size, '9007199254740993', 'is "9007199254740993", not a whole number'],
    [rate, '-0.1', 'is "-0.1", less than 0'],
    [rate, true, 'is true, not a number from 0 to 1'],
    [share, '60%', 'is "60%", more than 50%'],
    [share, 'half', 'is "half", not a percentage'],
    [auto, 'yes', 'is "yes", not true or false'],
    [mode, 'datacentre', 'is "datacentre", not one of datacenter, internet; did you mean "datacenter"?'],
    [words, 'a\u0007', 'has control characters'],
    [words, 'x'.repeat(21), 'has 21 characters, more than 20'],
    [words, null, 'is null, not text'],
  ])('of %j: %j is refused', (rule, given, wrong) => {
    expect(judgeValue(ruleOf(rule), given)).toEqual({ wrong: expect.stringContaining(wrong) as string })
  })

  test('that is a secret is refused, and not repeated', () => {
    for (const secret of ['postgres://a:hunter2@db/x', '-----BEGIN RSA PRIVATE KEY'])
      expect(judgeValue(ruleOf({ ...words, longest: 99 }), secret)).toEqual({
        wrong: 'holds a secret: name the environment variable that has it instead',
      })
  })
})

describe('settings', () => {
  test('hold their values, or their defaults', () => {
    const settings = readSettings({ settings: { a: size, b: { ...share, default: 5 } }, values: { a: 7 } })
    expect([valueOf(settings, 'a'), valueOf(settings, 'b'), wantedOf(settings.rules['b']!)]).toEqual([
      7,
      '5%',
      'a percent from 0% to 50%',
    ])
    expect(() => valueOf(settings, 'c')).toThrow('there is no setting "c"')
  })

  test.each<[string, Json, string]>([
    ['no rules', {}, 'there is no `settings`'],
    [
      'a type that is none',
      { settings: { a: { type: 'durtion' } } },
      'setting "a": its type is "durtion", not one of duration, percent, integer, number, boolean, choice, text; did you mean "duration"?',
    ],
    ['a secret', { settings: { a: { type: 'secret' } } }, 'setting "a": a secret is no setting'],
    ['a secret by its name', { settings: { 'db.password': words } }, 'setting "db.password" is a secret by its name'],
    ['a key by its name', { settings: { apiKey: words } }, 'setting "apiKey" is a secret by its name'],
    [
      'a default out of its bounds',
      { settings: { a: { ...size, default: 101 } } },
      'setting "a": its default is 101, more than 100',
    ],
    [
      'bounds the wrong way round',
      { settings: { a: { ...size, min: 200 } } },
      'setting "a": its min 200 is more than its max 100',
    ],
    [
      'a bound without a unit',
      { settings: { a: { ...latency, max: '10' } } },
      'setting "a": its max is "10", not a duration',
    ],
    ['no default', { settings: { a: { type: 'integer' } } }, 'setting "a": default: '],
    ['a name that is none', { settings: { '.a': size } }, 'setting ".a": a name is words'],
    [
      'a value of nothing',
      { settings: { size }, values: { siez: 1 } },
      'a value of "siez", which is no setting; did you mean "size"?',
    ],
    ['a value out of its bounds', { settings: { size }, values: { size: 0 } }, 'setting "size" is 0, less than 1'],
  ])('with %s are refused', (_, document, message) => {
    expect(() => readSettings(document)).toThrow(message)
  })

  test('may count tokens: only text can be a secret', () => {
    expect(readSettings({ settings: { 'token.bucket': size } }).rules['token.bucket']).toEqual(size)
  })
})
