import { describe, expect, test } from 'vitest'
import { type ConfigFormat, formatOf, keysOf, openConfig } from './index.ts'

const samples: Readonly<Record<ConfigFormat, string>> = {
  yaml: `# NeonHub v3
shared: &shared { timeout: 5 }
database:
  host: "db.internal"   # primary
  port: 5432
  password: \${DB_PASSWORD}

api:
    # TLS termination
    ssl:
        enabled: true # must stay on
        cert: '/etc/neonhub/certs/server.crt'
        key: /etc/neonhub/certs/server.key
    port: 0x1F90
replica:
  <<: *shared
  host: b.internal
features: [search, {name: chat, on: yes}]
motd: |
  Hello
    you

list:
- a: 1
  b: 03
- c
`,
  json: `{
  // NeonHub v3
  "api": {
    "ssl": { "enabled": true, "cert": "/etc/x.crt" }, // one line
    "port": 9007199254740993
  },
  /* rates */
  "rates": [1.50, 2, 1e400],
  "last": null,
}
`,
  toml: `# NeonHub v3
title = 'v3'
when = 1979-05-27T07:32:00Z
owner.name = "Ann"  # dotted

[api]
# the port
port = 0xFF # hex
rate = 1.50

[api.ssl] # tls
enabled = true
cert = """
a
b"""

[[node]]
name = "a"
[node.at]
zone = "x"

[[node]]
name = "b"

[inline]
point = { x = 1, y = 2 }
list = [
  1, # one
  2,
]
`,
  ini: `; NeonHub v3
root = 1

[api]
port=8080 ; the port
host = "0.0.0.0"

[api.ssl]
enabled = true
# certificate
cert = /etc/x.crt
`,
  env: `# NeonHub v3
NEONHUB_PORT=8080 # the port
export NEONHUB_HOST = "0.0.0.0"

JWT_SECRET='s3 #cret'
EMPTY=
MULTI="a
b"
`,
}

const formats = Object.keys(samples) as ConfigFormat[]

describe.each(formats)('%s', (format) => {
  const variants = {
    'as it is': samples[format],
    'with CRLF': samples[format].replaceAll('\n', '\r\n'),
    'with a byte order mark': `\uFEFF${samples[format]}`,
    'without a last line end': samples[format].trimEnd(),
  }

  test.each(Object.entries(variants))('keeps every byte when each value is set to itself, %s', (_, text) => {
    const opened = openConfig('x', text, format)
    expect(opened.text()).toBe(text)
    expect(opened.keys().length).toBeGreaterThan(4)
    for (const key of opened.keys()) expect(opened.set(key, opened.get(key)!).text()).toBe(text)
  })

  test.each(Object.entries(variants))('each key is set, removed and renamed, %s', (_, text) => {
    const opened = openConfig('x', text, format)
    for (const key of opened.keys().filter((each) => !each.endsWith('timeout'))) {
      const set = opened.set(key, 'changed value')
      expect(set.get(key)).toBe('changed value')
      expect(set.keys()).toEqual(opened.keys())
      const gone = opened.remove(key)
      expect(gone.get(key)).toBeUndefined()
      const moved = opened.rename(key, format === 'env' ? 'NEW_NAME' : 'new.place.name')
      expect(moved.get(format === 'env' ? 'NEW_NAME' : 'new.place.name')).toEqual(opened.get(key))
      expect(moved.get(key)).toBeUndefined()
      if (text.includes('\r\n')) expect(moved.text().replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
      if (text.endsWith('\n')) expect(moved.text().endsWith('\n')).toBe(true)
    }
  })
})

test('NeonHub: the map of the guide, over YAML, leaves comments and order', () => {
  const v4 = openConfig('neonhub.yml', samples.yaml)
    .rename('api.ssl', 'api.tls')
    .rename('api.tls.cert', 'api.tls.certPath')
    .rename('api.tls.key', 'api.tls.keyPath')
    .set('federation', { enabled: false, mode: 'migration', nodeId: null })
    .set('compliance.gdpr.enabled', true)
  expect(v4.text()).toBe(
    samples.yaml.replace('ssl:', 'tls:').replace(' cert:', ' certPath:').replace(' key:', ' keyPath:') +
      `federation:\n  enabled: false\n  mode: migration\n  nodeId: null\ncompliance:\n  gdpr:\n    enabled: true\n`,
  )
})

test('YAML: an edit that an alias would spread is refused, one that a merge brings is overridden', () => {
  const yaml = openConfig('a.yml', 'a: &a\n  x: 1\nb: *a\nc:\n  <<: *a\n  y: 2\n')
  expect(() => yaml.set('a.x', 5)).toThrow('"b.x" would change with it')
  expect(() => yaml.remove('c.x')).toThrow('it comes from an alias or a merge')
  expect(yaml.set('c.x', 5).text()).toBe(`${yaml.text()}  x: 5\n`)
  expect(yaml.set('b.x', 5).text()).toBe(yaml.text().replace('*a\nc', '\n  x: 5\nc').replace('b: \n', 'b:\n'))
})

test('formats go by the name', () => {
  const named = { yaml: 'a/b.yml', json: 'x.jsonc', toml: 'Cargo.TOML', ini: 'x.cfg', env: '.env.production' }
  for (const [format, name] of Object.entries(named)) expect(formatOf(name)).toBe(format)
  expect(formatOf('toml')).toBeUndefined()
  expect(keysOf('photo.jpg', '\0')).toEqual([])
})

describe('what is broken names its place', () => {
  test.each([
    ['a.yml', 'a: 1\nb: secret1\na: 2\n', 3],
    ['a.yml', 'a: 1\nb: [secret1\nc: 2\n', 3],
    ['a.yml', 'a: *nowhere\n', 1],
    ['a.json', '{\n "a": 1,\n "a": "secret1"}', 3],
    ['a.json', '{\n "a": "secret1"\n "b": 2}', 3],
    ['a.toml', 'a = 1\n[b]\nc = "secret1"\nc = 2\n', 4],
    ['a.toml', 'a = secret1\n', 1],
    ['a.ini', '[a]\nb = secret1\nb = 2\n', 3],
    ['a.ini', '[a]\nsecret1\n', 2],
    ['.env', 'A=secret1\nB=2\nA=3\n', 3],
    ['.env', 'A=1\nsecret1 what\n', 2],
  ])('%s %j', (file, text, line) => {
    const failed = (() => {
      try {
        openConfig(file, text)
      } catch (error) {
        return error
      }
    })()
    expect(failed).toMatchObject({ code: 'config.syntax', data: { file, line } })
    expect(String(failed)).toContain(`"${file}" line ${line}, column `)
    expect(String(failed)).not.toContain('secret1')
  })
})
