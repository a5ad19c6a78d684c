import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makePlace, type Place, type Running } from '../../../test/cli/command.ts'

const plain = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
const secrets = { WEB_TOKEN: 'sesame-web', BATCH_TOKEN: 'sesame-batch', MANY: 'sesame-a, sesame-b' }
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

let place: Place
let running: Running | undefined
beforeEach(() => {
  place = makePlace(secrets)
  place.write('flags.json', JSON.stringify({ flags: { 'web-new': plain, 'web-old': plain, 'batch/size': plain } }))
})
afterEach(async () => {
  running?.child.kill('SIGTERM')
  await running?.ended
  running = undefined
  place.remove()
})

async function serve(...words: string[]): Promise<string> {
  running = place.start('flags', 'serve', '--store', 'flags.json', '--port', '0', '--json', ...words)
  let said = ''
  running.child.stdout?.on('data', (part: string) => (said += part))
  await running.shows('"serving"')
  return (JSON.parse(said.split('\n')[0] ?? '') as { serving: string }).serving
}

const path = '/ofrep/v1/evaluate/flags'
async function ask(url: string, flag: string, token: string | undefined, context: object | string = {}) {
  const answer = await fetch(`${url}${path}${flag === '' ? '' : `/${flag}`}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { 'x-api-key': token }) },
    body: typeof context === 'string' ? context : JSON.stringify({ context }),
  })
  const text = await answer.text()
  return [answer.status, text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>)] as const
}

const callers = {
  web: { token: 'env:WEB_TOKEN', flags: ['web-*'], needsKey: true },
  batch: { token: `sha256:${sha256('sesame-batch').toUpperCase()}`, flags: ['**'] },
}

describe('a server that knows its callers', () => {
  test.each([
    ['callers.json', JSON.stringify(callers)],
    [
      'callers.yaml',
      `# who may ask\nweb: { token: env:WEB_TOKEN, flags: [web-*], needsKey: true }\nbatch:\n  token: sha256:${sha256('sesame-batch')}\n`,
    ],
  ])('shows each its flags, and refuses the rest: %s', async (file, text) => {
    place.write(file, text)
    const url = await serve('--callers', file)
    const ann = { targetingKey: 'ann' }
    expect(await ask(url, 'web-new', undefined, ann)).toEqual([401, undefined])
    expect(await ask(url, 'web-new', 'sesame', ann)).toEqual([401, undefined])
    expect(await ask(url, 'web-new', sha256('sesame-web'), ann)).toEqual([401, undefined])
    expect(await ask(url, 'web-new', 'sesame-web', ann)).toEqual([200, expect.objectContaining({ value: false })])
    expect(await ask(url, 'batch%2Fsize', 'sesame-web', ann)).toEqual([403, undefined])
    expect(await ask(url, 'absent', 'sesame-web', ann)).toEqual([403, undefined])
    expect(await ask(url, 'web-absent', 'sesame-web', ann)).toEqual([
      404,
      expect.objectContaining({ key: 'web-absent', errorCode: 'FLAG_NOT_FOUND' }),
    ])
    for (const context of [{}, { targetingKey: '' }])
      expect(await ask(url, 'web-new', 'sesame-web', context)).toEqual([
        400,
        { key: 'web-new', errorCode: 'TARGETING_KEY_MISSING', errorDetails: 'the context has no targetingKey' },
      ])
    expect(await ask(url, '', 'sesame-web')).toEqual([
      400,
      expect.objectContaining({ errorCode: 'TARGETING_KEY_MISSING' }),
    ])
    const keys = async (token: string) => {
      const [, body] = await ask(url, '', token, ann)
      return (body as { flags: { key: string }[] }).flags.map(({ key }) => key)
    }
    expect(await keys('sesame-web')).toEqual(['web-new', 'web-old'])
    expect(await keys('sesame-batch')).toEqual(['web-new', 'web-old', 'batch/size'])
    expect(await ask(url, 'batch%2Fsize', 'sesame-batch')).toEqual([200, expect.objectContaining({ value: false })])
    running?.child.kill('SIGTERM')
    const { out, err, code } = await running!.ended
    expect([code, err, out.split('\n')[0]]).toEqual([
      0,
      '',
      JSON.stringify({ serving: url, flags: 3, callers: ['web', 'batch'] }),
    ])
    expect(out).not.toContain('sesame')
  })

  test('a body that is too large, and a caller that asks too often', async () => {
    place.write('callers.json', JSON.stringify(callers))
    const url = await serve('--callers', 'callers.json', '--rate', '1')
    const large = JSON.stringify({ context: { targetingKey: 'ann', x: 'x'.repeat(1024 * 1024) } })
    const tooLarge = { errorCode: 'GENERAL', errorDetails: 'the body is larger than 1048576 bytes' }
    expect(await ask(url, 'web-new', 'sesame-web', large)).toEqual([413, { key: 'web-new', ...tooLarge }])
    const burst = async (): Promise<readonly number[]> => {
      const began = performance.now()
      const statuses = [1, 2, 3].map(async () => (await ask(url, 'web-new', 'sesame-web', { targetingKey: 'a' }))[0])
      const told = (await Promise.all(statuses)).toSorted((one, other) => one - other)
      // What took a second was no burst: one more may pass then.
      return performance.now() - began < 900 ? told : burst()
    }
    expect(await burst()).toEqual([200, 429, 429])
    const other = await fetch(url + path, { method: 'POST', headers: { authorization: 'Bearer sesame-batch' } })
    expect([other.status, other.headers.get('retry-after')]).toEqual([200, null])
  })

  test('by one variable all see all; `--needs-key` holds for everybody', async () => {
    const url = await serve('--tokens', 'MANY', '--needs-key')
    expect(await ask(url, 'batch%2Fsize', 'sesame-b', { targetingKey: 'a' })).toEqual([200, expect.anything()])
    expect((await ask(url, 'web-new', undefined, { targetingKey: 'a' }))[0]).toBe(401)
    expect((await ask(url, 'web-new', 'sesame-a'))[1]).toMatchObject({ errorCode: 'TARGETING_KEY_MISSING' })
  })

  test('a pattern that names no flag is told', async () => {
    place.write('callers.json', JSON.stringify({ web: { token: 'env:WEB_TOKEN', flags: ['web-*', 'wbe-*'] } }))
    await serve('--callers', 'callers.json')
    await running!.shows('"wbe-*" of "web" names no flag now\n')
  })
})

test('the server of a program: from a file, its changes told, and over when it is closed', async () => {
  const { serveFlags } = await import('../../server/index.ts')
  const told: unknown[] = []
  const server = await serveFlags({
    from: `${place.folder}/flags.json`,
    callers: [{ name: 'web', token: 'sesame-web', flags: ['web-*'] }],
    changed: (version, flags) => told.push([typeof version, flags]),
    troubled: (problem) => told.push(problem),
  })
  expect([server.flags(), (await ask(server.url, 'web-new', 'sesame-web'))[0]]).toEqual([
    ['web-new', 'web-old', 'batch/size'],
    200,
  ])
  place.write('flags.json', JSON.stringify({ flags: { 'web-new': plain } }))
  await expect.poll(() => told).toEqual([['string', ['web-new']]])
  await server.close()
  await expect(fetch(server.url)).rejects.toThrow('fetch failed')
  await expect(serveFlags({ from: `${place.folder}/none.json` })).rejects.toThrow('none.json')
})

describe('callers that cannot be', () => {
  const sesame = (text: string) => ({ web: { token: text } })
  test.each<[string, unknown, string]>([
    ['a token in the open', sesame('sesame-web'), 'web.token: is neither `env:NAME` nor `sha256:`'],
    ['a token as a number', sesame(5_318_008 as never), 'web.token: is neither `env:NAME` nor `sha256:`'],
    ['a token in the place of a caller', { web: 'sesame-web' }, 'callers.json: web'],
    [
      'a variable that is not there',
      sesame('env:WEB_TOKN'),
      '"WEB_TOKN" is not in the environment; did you mean "WEB_',
    ],
    ['an unknown field', { web: { token: 'env:WEB_TOKEN', flag: ['*'] } }, 'unknown key "flag"; did you mean "flags"?'],
    ['no flags', { web: { token: 'env:WEB_TOKEN', flags: [] } }, 'web.flags'],
    [
      'one token for two',
      { web: { token: 'env:WEB_TOKEN' }, other: { token: `sha256:${sha256('sesame-web')}` } },
      '"web" and "other" have the same token',
    ],
    ['nobody', {}, 'callers.json names no caller'],
    ['a list', [sesame('env:WEB_TOKEN')], 'callers.json: top level'],
  ])('%s', async (_, content, said) => {
    place.write('callers.json', JSON.stringify(content))
    const ended = await place.run('flags', 'serve', '--store', 'flags.json', '--callers', 'callers.json')
    expect(ended.err).toContain(said)
    expect([ended.code, ended.out]).toEqual([said.includes('environment') ? 1 : 2, ''])
    expect(ended.err).not.toMatch(/sesame|5318008/)
  })

  test.each([
    [['--callers', 'none.json'], 'the file of callers "none.json" is not there'],
    [['--callers', 'flags.txt'], 'is neither JSON nor YAML'],
    [['--callers', 'flags.json', '--tokens', 'MANY'], '--tokens and --callers both say who may ask'],
  ])('%j', async (words, said) => {
    place.write('flags.txt', 'web')
    const ended = await place.run('flags', 'serve', '--store', 'flags.json', ...words)
    expect([ended.code, ended.err]).toEqual([2, expect.stringContaining(said)])
  })
})
