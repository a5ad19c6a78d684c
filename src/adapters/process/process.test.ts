import childProcess, { type SpawnOptions } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Target } from '../../core/kind.ts'
import { freePort } from '../../testing/index.ts'
import { type ProcessConfig, processService } from './index.ts'

let base: string
const opened: Target<'service'>[] = []
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'changeover-process-'))
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.write.stop(0)
  rmSync(base, { recursive: true, force: true })
})

async function open(config: Omit<ProcessConfig, 'command'> & { script: string }): Promise<Target<'service'>> {
  const { script, ...rest } = config
  const who = { run: 'r', fence: 1, base, signal: new AbortController().signal }
  const target = await processService.open(
    { pidFile: 'it.pid', log: 'it.log', ...rest, command: [process.execPath, '-e', script] },
    who,
  )
  opened.push(target)
  return target
}

const stay = 'setInterval(() => {}, 1000)'
const pid = (): number => Number(readFileSync(join(base, 'it.pid'), 'utf8').split('\n')[0])

describe('the process adapter', () => {
  it('starts once, is found again by another runner, and stops', async () => {
    const one = await open({ script: stay })
    expect(await one.observe()).toEqual({ state: 'stopped' })
    await one.write.stop(100)
    await one.write.start()
    const first = pid()
    const two = await open({ script: stay })
    await two.write.start()
    expect(pid()).toBe(first)
    expect(await two.observe()).toEqual({ state: 'running' })
    await two.write.stop(2000)
    expect(await one.observe()).toEqual({ state: 'stopped' })
  })

  it('starts one service for two runners at once', async () => {
    const targets = await Promise.all([
      open({ script: `console.log('up');${stay}` }),
      open({ script: `console.log('up');${stay}` }),
    ])
    await Promise.all(targets.map((each) => each.write.start()))
    await expect.poll(() => targets[0].read.tail(10)).toEqual(['up'])
  })

  it('is not stopped by a note that was never finished', async () => {
    const target = await open({ script: stay })
    writeFileSync(join(base, 'it.pid'), '')
    await target.write.start()
    expect(await target.observe()).toEqual({ state: 'running' })
  })

  it('waits for a shell that the machine does not get to for seconds', async () => {
    const real = childProcess.spawn
    const slow = (program: string, [flag, script, ...rest]: readonly string[], options: SpawnOptions) =>
      real(program, [flag!, `sleep 6\n${script}`, ...rest], options)
    Object.assign(childProcess, { spawn: slow })
    syncBuiltinESMExports()
    try {
      const target = await open({ script: stay })
      await target.write.start()
      expect(await target.observe()).toEqual({ state: 'running' })
    } finally {
      Object.assign(childProcess, { spawn: real })
      syncBuiltinESMExports()
    }
  })

  it('kills what does not end in its grace', async () => {
    const target = await open({ script: `process.on('SIGTERM', () => console.log('no'));console.log('up');${stay}` })
    await target.write.start()
    await expect.poll(() => target.read.tail(1)).toEqual(['up'])
    // Long enough for it to say no, also on a machine that is busy with others.
    await target.write.stop(2_000)
    expect(await target.observe()).toEqual({ state: 'stopped' })
    expect(await target.read.tail(1)).toEqual(['no'])
  })

  it('does not mistake another program with the same number for its own', async () => {
    const target = await open({ script: stay })
    await target.write.start()
    const [, stat, boot] = readFileSync(join(base, 'it.pid'), 'utf8').split('\n')
    const mine = readFileSync('/proc/self/stat', 'utf8')
    await target.write.stop(2000)
    writeFileSync(join(base, 'it.pid'), [process.pid, stat, boot, ''].join('\n'))
    expect(mine).not.toBe(stat)
    expect(await target.observe()).toEqual({ state: 'stopped' })
    await target.write.stop(0)
  })

  it('says why a program could not be started', async () => {
    const who = { run: 'r', fence: 1, base, signal: new AbortController().signal }
    const command = ['/bin/sh', '-c', 'echo no such thing >&2; exit 3']
    const target = await processService.open({ command }, who)
    await expect(target.write.start()).rejects.toMatchObject({
      code: 'service.failed',
      message: '"/bin/sh" ended at once with 3: no such thing',
    })
  })

  it('asks an address for its health', async () => {
    const port = await freePort()
    const server = `require('http').createServer((q, s) => { s.statusCode = q.url === '/ok' ? 204 : 503; s.end(q.url === '/ok' ? '' : 'warming up') }).listen(${port}, '127.0.0.1')`
    const url = `http://127.0.0.1:${port}/ok`
    const target = await open({ script: server, health: { url } })
    expect(await target.read.health()).toMatchObject({ healthy: false, why: `"${url}" did not answer: ECONNREFUSED` })
    await target.write.start()
    await expect.poll(() => target.read.health()).toMatchObject({ healthy: true, why: '' })
    const other = await open({ script: server, health: { url: `http://127.0.0.1:${port}/bad?token=hidden` } })
    expect(await other.read.health()).toMatchObject({
      healthy: false,
      why: `"http://127.0.0.1:${port}/bad" answered 503: warming up`,
    })
  })

  it('asks a command for its health', async () => {
    const command = (code: string): string[] => [process.execPath, '-e', code]
    const good = await open({ script: stay, health: { command: command('') } })
    expect(await good.read.health()).toMatchObject({ healthy: true })
    const bad = await open({ script: stay, health: { command: command("console.error('not yet'); process.exit(2)") } })
    expect((await bad.read.health()).why).toBe(`"${process.execPath}": it ended with 2: not yet`)
  })

  it('hides its environment from the log it shows', async () => {
    const target = await open({ script: `console.log('key', process.env.KEY);${stay}`, env: { KEY: 'hidden-word' } })
    await target.write.start()
    await expect.poll(() => target.read.tail(1)).toEqual(['key ${KEY}'])
  })
})
