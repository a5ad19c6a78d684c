import { describe, expect, test } from 'vitest'
import { type ConfigDocument, type ConfigFormat, decodeConfig, openConfig, rewrite } from './index.ts'

type Case = readonly [ConfigFormat, string, (config: ConfigDocument) => ConfigDocument, string]
const rules = { map: {}, set: {}, defaults: {}, remove: [], unmapped: 'keep' } as const
const tls = { 'api.ssl.enabled': 'api.tls.enabled', 'api.ssl.cert': 'api.tls.certPath' }

/** Where an edit lands: as a person would have made it. */
const cases: readonly Case[] = [
  ['yaml', 'a:\n  - x\n  - y # c\n  - z\n', (at) => at.set('a', ['x', 'z']), 'a:\n  - x\n  - z\n'],
  ['yaml', 'a:\n  - x\n', (at) => at.set('a', ['x', 'z']), 'a:\n  - x\n  - z\n'],
  ['yaml', 'a: 1 # n\n', (at) => at.set('a', ['q', 'r']), 'a:\n  - q\n  - r # n\n'],
  ['yaml', 'a:\n  b: 1\n', (at) => at.remove('a.b'), 'a: {}\n'],
  ['yaml', 'a: |\n  x\n  y\nb: 1\n', (at) => at.set('a', 'p\nq\n'), 'a: |\n  p\n  q\nb: 1\n'],
  ['yaml', '? a\n: 1\nb: 2\n', (at) => at.set('a', 5).rename('a', 'c'), '? c\n: 5\nb: 2\n'],
  ['yaml', 'a: 1\n---\nb: 2\n', (at) => at.set('1.b', 3).set('0.c', 1), 'a: 1\nc: 1\n---\nb: 3\n'],
  ['yaml', 'a: 0x1F\n', (at) => at.rename('a', 'b.c').set('on', 'yes'), 'b:\n  c: 0x1F\n"on": "yes"\n'],
  [
    'yaml',
    's:\n  web: {}\n',
    (at) => at.set('s.db', { ports: ['22:22'], list: [{ a: 1, b: 'x' }] }),
    's:\n  web: {}\n  db:\n    ports:\n      - "22:22"\n    list:\n      - a: 1\n        b: x\n',
  ],
  [
    'yaml',
    'c:\n  # about d\n  d:\n    - x\n  e: 1\na: {}\n',
    (at) => at.rename('c.d', 'f.d'),
    'c:\n  e: 1\na: {}\nf:\n  # about d\n  d:\n    - x\n',
  ],
  [
    'yaml',
    'api:\n  ssl: {enabled: true, cert: /x} # t\n',
    (at) => rewrite(at, { ...rules, map: tls }),
    'api:\n  tls: {enabled: true, certPath: /x} # t\n',
  ],
  ['yaml', 'a: 1\nb: 2\n', (at) => rewrite(at, { ...rules, map: { a: 'b', b: 'a' } }), 'b: 1\na: 2\n'],
  ['toml', '[[n]]\nx=1\n[[n]]\nx=2\n', (at) => at.set('n.1.y', 3), '[[n]]\nx=1\n[[n]]\nx=2\ny = 3\n'],
  ['toml', '[[p]]\nn=1\n', (at) => at.set('p', [{ n: 1 }, { n: 2 }]), '[[p]]\nn=1\n\n[[p]]\nn = 2\n'],
  [
    'toml',
    'a = 1\n\n[x]\nb = 2\n',
    (at) => at.set('c', 3).set('x.y.z', 1),
    'a = 1\nc = 3\n\n[x]\nb = 2\n\n[x.y]\nz = 1\n',
  ],
  ['toml', 'x = 9007199254740993\n[t]\n', (at) => at.rename('x', 't.x'), '[t]\nx = 9007199254740993\n'],
  ['toml', 'd = 1979-05-27\nr = 1.0\n', (at) => at.set('d', '1980-01-01').set('r', 2), 'd = 1980-01-01\nr = 2.0\n'],
  [
    'toml',
    '# top\n[api.ssl] # s\nenabled = true\ncert = "/x" # c\n',
    (at) => rewrite(at, { ...rules, map: tls }),
    '# top\n[api.tls] # s\nenabled = true\ncertPath = "/x" # c\n',
  ],
  ['json', '{"a":1}', (at) => at.set('b.c', [1]), '{"a":1, "b":{"c":[1]}}'],
  [
    'json',
    '{\n  "a": 1, // x\n  "b": 2 // y\n}\n',
    (at) => at.set('c', 1).remove('b'),
    '{\n  "a": 1, // x\n  "c": 1\n}\n',
  ],
  ['json', '{\n  "a": 1,\n}\n', (at) => at.set('b', 2), '{\n  "a": 1,\n  "b": 2,\n}\n'],
  [
    'json',
    '{\n  // TLS\n  "s": 1.50, // on\n  "z": 0\n}\n',
    (at) => at.rename('s', 't.u'),
    '{\n  "z": 0,\n  // TLS\n  "t": {\n    "u": 1.50\n  } // on\n}\n',
  ],
  ['env', 'export A=1 # c', (at) => at.set('A', '2').set('B', 'p q'), 'export A=2 # c\nB="p q"'],
  ['env', 'A = ${OLD}\n', (at) => at.rename('A', 'NEW'), 'NEW = ${OLD}\n'],
  [
    'ini',
    '[core]\n\tx = 1 ; c\n[b]\n',
    (at) => at.set('core.y', '2').set('core.x', '3'),
    '[core]\n\tx = 3 ; c\n\ty = 2\n[b]\n',
  ],
]

describe('edits land where a person would make them', () => {
  test.each(cases)('%s %j', (format, text, edit, expected) =>
    expect(edit(openConfig('x', text, format)).text()).toBe(expected),
  )
})

test('what a format cannot say is refused, and names the key', () => {
  expect(() => openConfig('x', 'a = 1', 'toml').set('a.b', 1)).toThrow(
    '"a.b" cannot be edited: "a" holds a value of its own',
  )
  expect(() => openConfig('x', 'A=1', 'env').set('A', { b: 1 })).toThrow(
    '"A" cannot be edited: an env file holds text only',
  )
  expect(() => openConfig('x', '{"a":1,"b":2}', 'json').rename('a', 'b')).toThrow('"b" is there already')
  expect(openConfig('x', 'a = 1\n', 'toml').set('b', null).text()).toBe('a = 1\n')
})

test('bytes that are not UTF-8 are refused', () => {
  expect(() => decodeConfig('a.ini', Buffer.from([0x61, 0xe4]))).toThrow('"a.ini" is not UTF-8 text')
})
