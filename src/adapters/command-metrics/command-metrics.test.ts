import { describe, expect, it } from 'vitest'
import { commandMetrics, type CommandMetricsConfig } from './index.ts'

const open = (code: string, more: Partial<CommandMetricsConfig> = {}) =>
  commandMetrics.open(
    { command: [process.execPath, '-e', code], ...more },
    { run: 'r', fence: 1, base: '/tmp', signal: new AbortController().signal },
  )
const print = (text: string) => open(`process.stdout.write(${JSON.stringify(text)})`)

describe('the command-metrics adapter', () => {
  it.each([
    ['42\n', '', 42],
    ['NaN', '', NaN],
    ['-Inf', '', -Infinity],
    ['{"pool":{"size":7,"list":[1,"2.5"]}}', '/pool/size', 7],
    ['{"pool":{"size":7,"list":[1,"2.5"]}}', '/pool/list', [1, 2.5]],
    ['{"pool":{"size":7,"list":[1,"2.5"]}}', '/pool/list/1', 2.5],
    ['{"a/b":{"~":1}}', '/a~1b/~0', 1],
    ['{"a":null}', '/a', []],
    ['{"a":1}', '/b/c', []],
    ['[]', '', []],
    ['{"a":{"ok":true,"list":["1","x"]}}', '/a', { ok: true, list: ['1', 'x'] }],
    ['{"a":"ready"}', '/a', 'ready'],
    ['{"a":false}', '/a', false],
  ])('reads %j at %j', async (printed, query, value) => {
    const measured = await (await print(printed)).read.measure(query)
    expect(measured.value).toEqual(value)
    expect(Math.abs(Date.now() - (measured.at ?? 0))).toBeLessThan(5000)
  })

  it('names what goes wrong, without its secrets', async () => {
    const env = { TOKEN: 'hidden-token' }
    const failing = await open('console.error(`no ${process.env.TOKEN}`); process.exit(3)', { env })
    await expect(failing.read.measure('')).rejects.toMatchObject({
      code: 'target.unreachable',
      message: `"${process.execPath}" did not measure: it ended with 3: no (secret)`,
    })
    const slow = await open('setTimeout(() => {}, 10000)', { timeoutMs: 300 })
    await expect(slow.read.measure('')).rejects.toMatchObject({
      code: 'target.unreachable',
      message: expect.stringContaining('it did not end in 300 ms'),
    })
    const missing = await open('', { command: ['/no/such/program'] })
    await expect(missing.read.measure('')).rejects.toMatchObject({
      code: 'target.unreachable',
      message: expect.stringContaining('ENOENT'),
    })
    await expect((await print('hello')).read.measure('')).rejects.toMatchObject({
      code: 'target.failed',
      message: expect.stringContaining('neither a number nor JSON: "hello"'),
    })
    await expect((await print('1')).read.measure('a')).rejects.toMatchObject({
      code: 'target.failed',
      message: '"a" is no JSON pointer',
    })
  })
})
