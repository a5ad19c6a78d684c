/** Lenses and the columns they stand between, for the test that SQL and TypeScript agree. */

export const now = '2026-01-02T03:04:05+00:00'

/** Values by type, or by the name of a column that needs others. */
export const pools: { readonly [name: string]: readonly (string | null)[] } = {
  text: ['', 'Ann', 'Ann Lee', 'Ann Mary Lee', ' ', 'a\'b"c\\d', 'ünï💥 x', '{}', 'null', null],
  boolean: ['true', 'false', null],
  integer: ['0', '1', '-7', '86400', '2147483647', null],
  bigint: ['0', '1', '-1', '9007199254740993', '1700000000123', null],
  'double precision': ['0', '1.5', '-0.25', '1e21', '1e-7', '0.1', 'NaN', null],
  numeric: ['0', '12.34', '12.50', '-0.01', '12345678901234567890.123', '5', null],
  uuid: ['6f9619ff-8b86-d011-b42d-00c04fc964ff', null],
  'timestamp with time zone': ['2024-02-29T12:00:00Z', '1969-12-31T23:59:59.5+05:30', '2024-01-01T00:00:00.123Z', null],
  date: ['2024-02-29', null],
  jsonb: [
    null,
    'null',
    '{}',
    '[]',
    '{"email":"a@b"}',
    '{"email":null,"x":1}',
    '{"a":{"b":{"c":1}}}',
    '"text"',
    '5',
    '1.50',
    '12345678901234567890',
    '[1,2]',
    '{"q\\"k":1.0,"email":"ü"}',
  ],
  'consent_records jsonb': [
    null,
    'null',
    '{}',
    '{"consentGiven":true,"scope":["x"],"version":"4.1"}',
    '{"consentGiven":null}',
    '{"consentGiven":false,"timestamp":null,"more":{"deep":1.0}}',
    '[]',
    '"x"',
    '{"consentGiven":"yes"}',
  ],
  'status text': ['on', 'off', 'other', 'ACTIVE', null],
  'status_json jsonb': ['"on"', '"off"', '"other"', '"ACTIVE"', 'null', null, '1', '{}'],
  'digits text': ['0', '7', '-12', '1.50', '007', '-0', 'x', '', '12345678901234567890', '1e5', null],
  'digits_json jsonb': ['"0"', '"1.50"', '7', 'null', null, '"x"', '12345678901234567890', '1.50', '{}'],
  'cents bigint': ['0', '5', '-5', '123456', null],
  'price text': ['0.00', '0.05', '-0.05', '1234.56', '1234.5', '1234.567', '7', null],
  'bearer text': ['Bearer k1', 'Bearer ', 'Bearer', 'k1', 'Bearer ü\'"\\', null],
  'flag_text text': ['yes', 'no', 'maybe', null],
  'list jsonb': ['[]', 'null', null, '["a"]', '["a","b"]', '[null]', '[null,"b"]', '{}', '"x"'],
  'profile jsonb': [
    null,
    'null',
    '{}',
    '{"email":"a@b","age":3}',
    '{"email":null}',
    '{"name":"x"}',
    '{"email":{"a":1}}',
    '[]',
    '"t"',
  ],
  'kind text': ['card', 'bank', null],
}

export interface AgreementCase {
  readonly name: string
  readonly data: readonly object[]
  readonly a: Readonly<Record<string, string>>
  readonly b: Readonly<Record<string, string>>
}

const neonhubUsers = [
  {
    op: 'object',
    to: 'consent_records',
    fields: {
      version: { constant: '4.0' },
      consentGiven: { from: 'consent_given' },
      timestamp: { now: true },
      scope: { constant: ['federated_learning', 'cross_border_processing'] },
    },
  },
]
const neonhubModels = [
  {
    op: 'object',
    to: 'federation_model_data',
    fields: {
      originalVersion: { constant: '3.3' },
      migratedAt: { now: true },
      compressionEnabled: { constant: true },
      privacyPreserving: { constant: true },
      data: { from: 'model_data' },
    },
  },
]

export const agreementCases: readonly AgreementCase[] = [
  {
    name: 'NeonHub users',
    data: neonhubUsers,
    a: { id: 'integer', consent_given: 'boolean' },
    b: { id: 'integer', consent_records: 'jsonb' },
  },
  { name: 'NeonHub models', data: neonhubModels, a: { model_data: 'jsonb' }, b: { federation_model_data: 'jsonb' } },
  {
    name: 'object of every type',
    data: [
      {
        op: 'object',
        to: 'doc',
        fields: {
          t: { from: 't' },
          n: { from: 'n' },
          i: { from: 'i' },
          l: { from: 'l' },
          f: { from: 'f' },
          u: { from: 'u' },
          at: { from: 'at' },
          d: { from: 'd' },
          deep: { fields: { b: { from: 'b' }, c: { constant: { x: [1.5, null] } } } },
        },
      },
    ],
    a: {
      t: 'text',
      n: 'numeric',
      i: 'integer',
      l: 'bigint',
      f: 'double precision',
      u: 'uuid',
      at: 'timestamp with time zone',
      d: 'date',
      b: 'boolean',
    },
    b: { doc: 'jsonb' },
  },
  {
    name: 'rename with quotes',
    data: [{ op: 'rename', from: 'na"me', to: "it's" }],
    a: { 'na"me': 'text' },
    b: { "it's": 'text' },
  },
  {
    name: 'rename twice',
    data: [
      { op: 'rename', from: 'x', to: 'y' },
      { op: 'rename', from: 'y', to: 'z' },
    ],
    a: { x: 'jsonb' },
    b: { z: 'jsonb' },
  },
  {
    name: 'swap through a third',
    data: [
      { op: 'rename', from: 'x', to: 't' },
      { op: 'rename', from: 'y', to: 'x' },
      { op: 'rename', from: 't', to: 'y' },
    ],
    a: { x: 'text', y: 'text' },
    b: { x: 'text', y: 'text' },
  },
  {
    name: 'integer into bigint, text, numeric',
    data: [
      { op: 'rename', from: 'i', to: 'j' },
      { op: 'convert', path: 'k', with: 'number-text' },
    ],
    a: { i: 'integer', k: 'bigint' },
    b: { j: 'integer', k: 'text' },
  },
  {
    name: 'hoist',
    data: [{ op: 'hoist', path: 'profile', fields: ['email'] }],
    a: { profile: 'jsonb' },
    b: { profile: 'jsonb', email: 'jsonb' },
  },
  {
    name: 'hoist to text',
    data: [{ op: 'hoist', path: 'profile', fields: ['email'] }],
    a: { profile: 'jsonb' },
    b: { profile: 'jsonb', email: 'text' },
  },
  {
    name: 'plunge',
    data: [{ op: 'plunge', path: 'profile', fields: ['email', 'age'] }],
    a: { email: 'text', age: 'integer' },
    b: { profile: 'jsonb' },
  },
  {
    name: 'plunge into one that is there',
    data: [{ op: 'plunge', path: 'profile', fields: ['email'] }],
    a: { email: 'text', profile: 'jsonb' },
    b: { profile: 'jsonb' },
  },
  {
    name: 'move inside',
    data: [{ op: 'move', from: '/doc/email', to: '/doc/contact' }],
    a: { doc: 'jsonb' },
    b: { doc: 'jsonb' },
  },
  {
    name: 'move in deep',
    data: [
      { op: 'move', from: 'email', to: '/doc/email' },
      { op: 'move', from: '/doc/a', to: 'a' },
    ],
    a: { email: 'text', doc: 'jsonb' },
    b: { doc: 'jsonb', a: 'jsonb' },
  },
  {
    name: 'add',
    data: [
      { op: 'add', path: 'tier', default: 'basic' },
      { op: 'add', path: 'at', now: true },
      { op: 'add', path: 'uid', uuid: ['id', 'name'] },
      { op: 'add', path: 'j', default: { a: [1] } },
      { op: 'add', path: 'n', default: 5, nullable: true },
    ],
    a: { id: 'bigint', name: 'text' },
    b: {
      id: 'bigint',
      name: 'text',
      tier: 'text',
      at: 'timestamp with time zone',
      uid: 'uuid',
      j: 'jsonb',
      n: 'integer',
    },
  },
  {
    name: 'add nested',
    data: [
      { op: 'add', path: '/doc/tier', default: 'basic' },
      { op: 'add', path: '/doc/x', default: null },
    ],
    a: { doc: 'jsonb' },
    b: { doc: 'jsonb' },
  },
  {
    name: 'remove',
    data: [
      { op: 'remove', path: 'legacy', default: 'x' },
      { op: 'remove', path: 'flag' },
    ],
    a: { id: 'integer', legacy: 'text', flag: 'boolean' },
    b: { id: 'integer' },
  },
  {
    name: 'remove nested',
    data: [{ op: 'remove', path: '/doc/email', default: 1 }],
    a: { doc: 'jsonb' },
    b: { doc: 'jsonb' },
  },
  {
    name: 'map texts',
    data: [{ op: 'map', path: 'status', table: { on: 'ACTIVE', off: 'DISABLED' } }],
    a: { status: 'text' },
    b: { status: 'text' },
  },
  {
    name: 'map, several to one',
    data: [{ op: 'map', path: 'status', table: { on: 'UP', off: 'DOWN', other: 'DOWN' }, inverse: { DOWN: 'off' } }],
    a: { status: 'text' },
    b: { status: 'text' },
  },
  {
    name: 'map keeps others',
    data: [{ op: 'map', path: 'status', table: { on: 'ACTIVE' }, others: 'keep' }],
    a: { status: 'text' },
    b: { status: 'text' },
  },
  {
    name: 'map to booleans and numbers',
    data: [
      { op: 'map', path: 'status', table: { on: true, off: false } },
      {
        op: 'map',
        path: 'i',
        pairs: [
          [0, 'zero'],
          [1, 'one'],
          [-7, 'less'],
        ],
      },
    ],
    a: { status: 'text', i: 'integer' },
    b: { status: 'boolean', i: 'text' },
  },
  {
    name: 'map in JSON',
    data: [
      {
        op: 'map',
        path: 'status_json',
        pairs: [
          ['on', 1],
          ['off', { x: 0 }],
          [1, 'one'],
        ],
      },
    ],
    a: { status_json: 'jsonb' },
    b: { status_json: 'jsonb' },
  },
  {
    name: 'map in JSON keeps others',
    data: [{ op: 'map', path: 'status_json', table: { on: 'ACTIVE' }, others: 'keep' }],
    a: { status_json: 'jsonb' },
    b: { status_json: 'jsonb' },
  },
  {
    name: 'number-text',
    data: [
      { op: 'convert', path: 'l', with: 'number-text' },
      { op: 'convert', path: 'f', with: 'number-text' },
    ],
    a: { l: 'bigint', f: 'double precision' },
    b: { l: 'text', f: 'text' },
  },
  {
    name: 'text-number',
    data: [{ op: 'convert', path: 'digits', with: 'text-number' }],
    a: { digits: 'text' },
    b: { digits: 'bigint' },
  },
  {
    name: 'text-number in JSON',
    data: [{ op: 'convert', path: 'digits_json', with: 'text-number' }],
    a: { digits_json: 'jsonb' },
    b: { digits_json: 'jsonb' },
  },
  {
    name: 'scale',
    data: [
      { op: 'convert', path: 'i', with: 'scale', by: '1000' },
      { op: 'convert', path: 'l', with: 'scale', by: '-0.4' },
    ],
    a: { i: 'integer', l: 'bigint' },
    b: { i: 'bigint', l: 'jsonb' },
  },
  {
    name: 'minor-decimal',
    data: [{ op: 'convert', path: 'cents', with: 'minor-decimal' }],
    a: { cents: 'bigint' },
    b: { cents: 'numeric' },
  },
  {
    name: 'decimal-minor',
    data: [{ op: 'convert', path: 'price', with: 'decimal-minor', digits: 2 }],
    a: { price: 'text' },
    b: { price: 'bigint' },
  },
  {
    name: 'instants',
    data: [
      { op: 'convert', path: 'i', with: 'seconds-timestamp' },
      { op: 'convert', path: 'l', with: 'millis-timestamp' },
    ],
    a: { i: 'integer', l: 'bigint' },
    b: { i: 'timestamp with time zone', l: 'timestamp with time zone' },
  },
  {
    name: 'instants with Z',
    data: [
      { op: 'convert', path: 'i', with: 'seconds-iso' },
      { op: 'convert', path: 'l', with: 'millis-iso' },
    ],
    a: { i: 'integer', l: 'bigint' },
    b: { i: 'timestamp with time zone', l: 'timestamp with time zone' },
  },
  {
    name: 'booleans',
    data: [
      { op: 'convert', path: 'flag', with: 'bool-text' },
      { op: 'convert', path: 'flag_text', with: 'text-bool', true: 'yes', false: 'no' },
      { op: 'convert', path: 'n', with: 'bool-number' },
    ],
    a: { flag: 'boolean', flag_text: 'text', n: 'boolean' },
    b: { flag: 'text', flag_text: 'boolean', n: 'integer' },
  },
  {
    name: 'wrap',
    data: [
      { op: 'wrap', path: 'value' },
      { op: 'rename', from: 'value', to: 'list' },
    ],
    a: { value: 'jsonb' },
    b: { list: 'jsonb' },
  },
  {
    name: 'wrap a column',
    data: [
      { op: 'wrap', path: 'value' },
      { op: 'rename', from: 'value', to: 'list' },
    ],
    a: { value: 'text' },
    b: { list: 'jsonb' },
  },
  { name: 'unwrap', data: [{ op: 'unwrap', path: 'list' }], a: { list: 'jsonb' }, b: { list: 'jsonb' } },
  {
    name: 'split first',
    data: [{ op: 'split', from: 'name', to: ['first', 'last'], separator: ' ' }],
    a: { name: 'text' },
    b: { first: 'text', last: 'text' },
  },
  {
    name: 'split last, three',
    data: [{ op: 'split', from: 'name', to: ['x', 'y', 'z'], separator: ' ', rule: 'last' }],
    a: { name: 'text' },
    b: { x: 'text', y: 'text', z: 'text' },
  },
  {
    name: 'split refuse',
    data: [{ op: 'split', from: 'name', to: ['name', 'last'], separator: ' ', rule: 'refuse' }],
    a: { name: 'text' },
    b: { name: 'text', last: 'text' },
  },
  {
    name: 'split into JSON',
    data: [{ op: 'split', from: 'name', to: ['/doc/first', '/doc/last'], separator: ' ' }],
    a: { name: 'text' },
    b: { doc: 'jsonb' },
  },
  {
    name: 'join',
    data: [{ op: 'join', from: ['x', 'y'], to: 'name', separator: ' ' }],
    a: { x: 'text', y: 'text' },
    b: { name: 'text' },
  },
  {
    name: 'template',
    data: [{ op: 'template', to: 'bearer', template: 'Bearer {key}' }],
    a: { key: 'text' },
    b: { bearer: 'text' },
  },
  {
    name: 'template in place',
    data: [{ op: 'template', to: 'key', template: '<{key}>{{' }],
    a: { key: 'text' },
    b: { key: 'text' },
  },
  {
    name: 'when',
    data: [
      {
        op: 'when',
        if: { path: 'kind', is: 'card' },
        do: [{ op: 'map', path: 'status', table: { on: 'ACTIVE', off: 'OFF' }, others: 'keep' }],
        otherwise: [{ op: 'add', path: 'bank', default: 'b' }],
      },
    ],
    a: { kind: 'text', status: 'text' },
    b: { kind: 'text', status: 'text', bank: 'text' },
  },
  {
    name: 'pick',
    data: [{ op: 'pick', fields: ['id'] }],
    a: { id: 'integer', note: 'text', j: 'jsonb' },
    b: { id: 'integer' },
  },
  {
    name: 'a chain over the same value',
    data: [
      { op: 'move', from: '/doc/email', to: 'mail' },
      { op: 'template', to: 'mail', template: 'mailto:{mail}' },
      { op: 'rename', from: 'mail', to: 'link' },
      { op: 'add', path: 'kind', default: 'm' },
    ],
    a: { doc: 'jsonb' },
    b: { doc: 'jsonb', link: 'text', kind: 'text' },
  },
  {
    name: 'an object, then inside of it',
    data: [
      ...neonhubUsers,
      { op: 'move', from: '/consent_records/timestamp', to: '/consent_records/at' },
      { op: 'add', path: '/consent_records/more', default: [] },
    ],
    a: { consent_given: 'boolean' },
    b: { consent_records: 'jsonb' },
  },
]
