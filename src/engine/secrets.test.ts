import { describe, expect, it } from 'vitest'
import { Secrets, withoutPasswords } from './secrets.ts'

const env = { TOKEN: 'tok-123456', URL: 'postgres://app:p%40ssword@db:5432/x', PORT: '5432', SHORT: 'abc', EMPTY: '' }

describe('secrets', () => {
  it('are filled in wherever they are named', () => {
    const value = { url: '${URL}', headers: ['Bearer ${TOKEN}', 7], deep: { none: 'a$b' } }
    expect(new Secrets(env).fill(value, 'target "api"')).toEqual({
      url: env.URL,
      headers: ['Bearer tok-123456', 7],
      deep: { none: 'a$b' },
    })
  })

  it('that are missing or empty are named, with the one that was meant', () => {
    expect(() => new Secrets(env).fill('${TOKNE}', 'target "api"')).toThrow(
      'target "api" needs "TOKNE", which the environment does not have; did you mean "TOKEN"?',
    )
    expect(() => new Secrets(env).fill('${EMPTY}', 'target "api"')).toThrow('target "api" needs "EMPTY"')
  })

  it('are taken out of what a person reads, also the password alone; ports and short words stay', () => {
    const secrets = new Secrets(env)
    secrets.fill('${URL} ${TOKEN} ${PORT} ${SHORT}', 'x')
    expect(secrets.redact(['tok-123456!', `at ${env.URL}`, 'p@ssword', 'p%40ssword', '5432 rows', 'abc'])).toEqual([
      '${TOKEN}!',
      'at ${URL}',
      '${URL:password:password}',
      '${URL:password}',
      '5432 rows',
      'abc',
    ])
  })

  it('leave what a kind goes on from as it is', () => {
    const secrets = new Secrets(env)
    secrets.fill('${TOKEN}', 'x')
    const marked = {
      type: 'step.marked',
      step: 'a',
      verb: 'apply',
      mark: { at: { key: 'tok-123456' }, note: 'at tok-123456' },
    } as const
    expect(secrets.redactEvent(marked)).toEqual({ ...marked, mark: { at: { key: 'tok-123456' }, note: 'at ${TOKEN}' } })
  })

  it('in the open in a plan are hidden', () => {
    expect(
      withoutPasswords({ a: 'postgres://u:pw@h/d', b: 'host=h password=pw user=u', c: 'postgres://u:${PW}@h/d' }),
    ).toEqual({ a: 'postgres://u:***@h/d', b: 'host=h password=*** user=u', c: 'postgres://u:${PW}@h/d' })
  })
})
