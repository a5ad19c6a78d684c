import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { commands, wordOf } from './command-table.ts'
import { makePlace, type Place } from '../../test/cli/command.ts'

const plan = `name: demo
from: "1"
to: "2"
targets: {}
steps:
  - { id: warm, kind: gate.soak, part: first, spec: { forMs: 600 } }
  - { id: agree, kind: gate.confirm, approval: "May it go on?", spec: { items: [support is ready] } }
  - { id: last, kind: gate.soak, spec: { forMs: 600 } }
checklist:
  - { item: warmed up, step: warm }
`

let place: Place
beforeEach(() => {
  place = makePlace()
})
afterEach(() => place.remove())

const lines = (text: string): readonly Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('words that are not known', () => {
  test.each([
    [['rn'], 2, 'there is no command "rn"; did you mean "run"?'],
    [['run', '--yess'], 2, 'there is no option "--yess" for `run`; did you mean "--yes"?'],
    [['status', '--wtch'], 2, 'there is no option "--wtch" for `status`; did you mean "--watch"?'],
    [['docs', 'knds'], 2, 'there is no topic "knds"; did you mean "kinds"?'],
    [['docs', 'data.transfrom'], 2, 'there is no topic "data.transfrom"; did you mean "data.transform"?'],
    [['completion', 'bsh'], 2, 'there is no completion for "bsh"; did you mean "bash"?'],
    [['report', '--format', 'htm'], 2, 'there is no report format "htm"; did you mean "html"?'],
    [['run', '--until'], 2, 'option "--until <step>" argument missing'],
    [['completion'], 2, 'missing required argument "shell"'],
    [['status'], 1, 'no plan in'],
    [['plan', '-f', 'other.yaml'], 1, 'there is no plan file "other.yaml"'],
    [['run'], 2, 'run needs --yes: there is no terminal to ask on'],
    [['rollback'], 2, 'rollback needs --yes where nobody can be asked'],
    [['approve'], 2, 'an approval needs a note'],
    [['run', '--yes', '--batch-size', 'many'], 2, '--batch-size is "many", which is no whole number above 0'],
  ])('%j', async (words, code, message) => {
    if (words[0] === 'run' && words.includes('--batch-size')) place.write('changeover.yaml', plan)
    const ended = await place.run(...words)
    expect(ended.err).toContain(message)
    expect(ended.err).toContain('→')
    expect(ended.err).not.toContain('    at ')
    expect(ended.code).toBe(code)
  })

  test.each([
    [['flags', 'get', 'colr', '--store', 'flags.json'], 'there is no flag "colr"; did you mean "color"?'],
    [['flags', 'set', 'colr', '--percent', '5', '--store', 'flags.json'], 'there is no flag "colr"'],
    [['config', 'get', 'siz', '--store', 'settings.json'], 'there is no setting "siz"; did you mean "size"?'],
    [['config', 'set', 'siz', '2', '--store', 'settings.json'], 'there is no setting "siz"'],
    [['flags', 'list', '--store', 'absent.json'], 'there is no file "absent.json" with flags'],
    [['config', 'list', '--store', 'absent.json'], 'there is no file "absent.json" with settings'],
    [
      ['flags', 'list', '--target', 'flag', '-f', 'plan.yaml'],
      'the plan has no target "flag" with flags; did you mean "flags"?',
    ],
    [['gateway', 'absent.yaml'], 'there is no gateway configuration'],
  ])('a flag, a setting, a store or a file that there is not ends with 2: %j', async (words, message) => {
    const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
    place.write('flags.json', JSON.stringify({ flags: { color: flag } }))
    place.write('settings.json', JSON.stringify({ settings: { size: { type: 'integer', default: 1 } } }))
    place.write(
      'plan.yaml',
      plan.replace('targets: {}', 'targets: { flags: { adapter: flag-file, config: { path: flags.json } } }'),
    )
    const ended = await place.run(...words)
    expect([ended.code, ended.err]).toEqual([2, expect.stringContaining(message)])
  })

  test('a step, a kind, a part and a run', async () => {
    place.write('changeover.yaml', plan)
    expect((await place.run('run', '--yes', '--until', 'wrm')).err).toContain('the plan has no step "wrm"')
    expect((await place.run('run', '--yes', '--until', 'warm')).code).toBe(0)
    expect((await place.run('rollback', '--yes', '--to', 'wrm')).err).toContain('did you mean "warm"?')
    expect((await place.run('rollback', '--yes', '--part', 'frist')).err).toContain('did you mean "first"?')
    expect((await place.run('status', '--run', 'demo-2')).err).toMatch(/runs there are: demo-1-\w{4}/)
    expect((await place.run('status', '--run', 'demo-1')).code).not.toBe(1)
    place.write('other.yaml', plan.replace('gate.soak', 'gate.sok'))
    expect((await place.run('plan', '-f', 'other.yaml')).err).toContain('did you mean "gate.soak"?')
  })

  test('with --json the error is an object on stdout', async () => {
    const ended = await place.run('plan', '--json')
    expect(ended.err).toBe('')
    expect(lines(ended.out)).toEqual([
      { error: { code: 'plan.not-found', message: expect.any(String), help: expect.any(String) }, exit: 1 },
    ])
  })
})

describe('a run', () => {
  beforeEach(() => place.write('changeover.yaml', plan))

  test('that was killed in the middle of a write was interrupted, and goes on with resume', async () => {
    place.write('changeover.yaml', plan.replace('forMs: 600', 'forMs: 3000'))
    const running = place.start('run', '--yes')
    await running.shows('step.started')
    expect((await place.run('status')).out).toMatch(/ running\n/)
    const watching = place.start('status', '--watch')
    await watching.shows('changeover pause')
    running.child.kill('SIGKILL')
    await running.ended
    const journals = join(place.folder, '.changeover')
    const journal = join(journals, readdirSync(journals).find((name) => name.endsWith('.jsonl')) ?? '')
    appendFileSync(journal, '{"seq":99,"at":"2026-')
    await watching.shows(' interrupted\n')
    watching.child.kill('SIGINT')
    expect((await watching.ended).code).toBe(0)
    const after = await place.run('status')
    expect([after.code, after.out]).toEqual([0, expect.stringMatching(/ interrupted\n[^]*its runner is gone/)])
    expect(after.out).toContain('changeover resume')
    expect(after.out).not.toContain('changeover pause')
    expect(lines((await place.run('status', '--json')).out)[0]).toMatchObject({ phase: 'interrupted' })
    expect((await place.run('resume')).code).toBe(6)
  })

  test('goes as far as a person, who approves, and on to its end; each exit code says where it is', async () => {
    const first = await place.run('run', '--yes')
    expect(first.out).toContain('May it go on?')
    expect(first.out).toContain('changeover approve agree --note')
    expect(first.code).toBe(6)
    expect((await place.run('status')).out).toContain('waits for a person: "May it go on?" (step "agree")')
    expect((await place.run('run', '--yes')).err).toMatch(/run "demo-1-\w{4}" is not finished/)
    expect((await place.run('approve', 'agree', '--note', 'support is ready')).code).toBe(0)
    const second = await place.run('resume')
    expect(second.code).toBe(0)
    expect((await place.run('verify')).code).toBe(0)
    expect((await place.run('resume')).err).toContain('the run is done')
    expect((await place.run('events', '--filter', 'type=approval.*')).out.trim().split('\n')).toHaveLength(2)
    const report = await place.run('report', '--format', 'markdown')
    expect(report.out).toContain('approved at')
    expect(report.out).toContain('- [x] warmed up')
    expect((await place.run('rollback', '--yes')).code).toBe(5)
  })

  test('is a stream of objects with --json, the last one sums up', async () => {
    const ended = await place.run('run', '--yes', '--json', '--until', 'warm')
    const objects = lines(ended.out)
    expect(objects[0]).toMatchObject({ type: 'run.opened', seq: 1 })
    expect(objects.at(-1)).toMatchObject({
      type: 'run.summary',
      run: expect.stringMatching(/^demo-1-\w{4}$/) as string,
      phase: 'paused',
      applied: 1,
      exit: 0,
    })
    expect(ended.code).toBe(0)
  })

  test('of another plan than the one agreed on is refused', async () => {
    const hash = (JSON.parse((await place.run('plan', '--json')).out) as { hash: string }).hash
    place.write('changeover.yaml', plan.replace('600', '601'))
    expect((await place.run('run', '--yes', '--plan', hash)).code).toBe(4)
    place.write('changeover.yaml', plan)
    expect((await place.run('run', '--yes', '--plan', hash.slice(0, 12), '--until', 'warm')).code).toBe(0)
  })

  test('of an edited plan is stale, until the edit is taken over', async () => {
    await place.run('run', '--yes', '--until', 'warm')
    place.write(
      'changeover.yaml',
      plan.replace('id: last, kind: gate.soak, spec: { forMs: 600 }', 'id: last, kind: gate.soak, spec: { forMs: 50 }'),
    )
    const stale = await place.run('resume')
    expect(stale.err).toContain('forMs: 600 became 50')
    expect(stale.code).toBe(4)
    expect((await place.run('resume', '--amend')).code).toBe(6)
  })

  test('is turned back in part, and then as a whole', async () => {
    await place.run('run', '--yes')
    const part = await place.run('rollback', '--part', 'first', '--yes')
    expect(part.code).toBe(0)
    expect((await place.run('rollback', '--yes', '--note', 'enough')).code).toBe(5)
    expect((await place.run('report', '--format', 'json')).out).toContain('"enough"')
  })

  test('is paused by one Ctrl-C and by SIGTERM, stopped by two, and goes on from there', async () => {
    place.write('changeover.yaml', plan.replaceAll('600', '60000'))
    const once = place.start('run', '--yes')
    await once.shows('step.started')
    once.child.kill('SIGTERM')
    const paused = await once.ended
    expect(paused.err).toContain('pausing at the next boundary')
    expect(paused.err).toContain('`changeover resume` goes on')
    expect(paused.code).toBe(6)
    const twice = place.start('resume')
    await twice.shows('run.claimed')
    twice.child.kill('SIGINT')
    await twice.shows('pausing')
    twice.child.kill('SIGINT')
    expect((await twice.ended).code).toBe(6)
    const last = place.start('resume')
    await last.shows('run.claimed')
    expect((await place.run('pause', '--note', 'from elsewhere')).code).toBe(0)
    expect((await last.ended).out).toContain('from elsewhere')
  })

  test('is watched from another terminal until it is closed', async () => {
    place.write('changeover.yaml', plan.replaceAll('600', '1500').replace('approval: "May it go on?", ', ''))
    const run = place.start('run', '--yes')
    await run.shows('step.started')
    const watching = place.start('status', '--watch', '--json')
    const followed = place.start('events', '--follow', '--filter', 'type=run.*', '--json')
    await run.ended
    const states = lines((await watching.ended).out)
    expect(states.length).toBeGreaterThan(1)
    expect(states.at(-1)).toMatchObject({ run: expect.stringMatching(/^demo-1-\w{4}$/) as string })
    expect(lines((await followed.ended).out).at(-1)).toMatchObject({ type: 'run.closed' })
  })
})

describe('on a terminal', () => {
  beforeEach(() => place.write('changeover.yaml', plan))

  test('the plan is shown and asked for, progress is painted in place, the approval is asked for there', async () => {
    const run = place.onTerminal('run')
    await run.shows('Take demo from 1 to 2? [y/N]')
    run.type('y\r')
    await run.shows('an empty one leaves it waiting')
    run.type('support is ready\r')
    const ended = await run.ended
    expect(ended.code).toBe(0)
    expect(ended.out).toContain('\u001b[?2026h')
    // The cursor comes back as often as it was hidden.
    expect(ended.out.split('\u001b[?25l').length).toBe(ended.out.split('\u001b[?25h').length)
  })

  test('no is an answer, and nothing is done', async () => {
    const run = place.onTerminal('run')
    await run.shows('[y/N]')
    run.type('n\r')
    expect((await run.ended).code).toBe(1)
    expect(existsSync(join(place.folder, '.changeover'))).toBe(false)
  })

  test('Ctrl-C pauses', async () => {
    place.write('changeover.yaml', plan.replaceAll('600', '5000'))
    const run = place.onTerminal('run', '--yes')
    await run.shows('warm')
    await run.shows('left')
    run.type('\u0003')
    const ended = await run.ended
    expect(ended.out).toContain('pausing at the next boundary')
    expect(ended.code).toBe(6)
  })

  test('colours follow --no-color, NO_COLOR and FORCE_COLOR', async () => {
    expect((await place.onTerminal('plan').ended).out).toContain('\u001b[1m')
    expect((await place.onTerminal('plan', '--no-color').ended).out).not.toContain('\u001b[1m')
    expect((await place.run('plan')).out).not.toContain('\u001b[1m')
    const forced = makePlace({ FORCE_COLOR: '1' })
    forced.write('changeover.yaml', plan)
    expect((await forced.run('plan')).out).toContain('\u001b[1m')
    forced.remove()
    const none = makePlace({ NO_COLOR: '1' })
    none.write('changeover.yaml', plan)
    expect((await none.onTerminal('plan').ended).out).not.toContain('\u001b[1m')
    none.remove()
  })
})

describe('what is made for others', () => {
  test('completion is a script that each shell at hand can read', async () => {
    const scripts = {
      bash: await place.run('completion', 'bash'),
      zsh: await place.run('completion', 'zsh'),
      fish: await place.run('completion', 'fish'),
    }
    for (const [shell, { out }] of Object.entries(scripts)) {
      expect(out).toContain('rollback')
      place.write(`completion.${shell}`, out)
      try {
        execFileSync('sh', ['-c', `command -v ${shell}`])
      } catch {
        console.warn(`the completion for ${shell} was not read: ${shell} is not installed`)
        continue
      }
      execFileSync(shell, ['-n', join(place.folder, `completion.${shell}`)])
    }
  })

  test('what a shell completes is what the commands take', async () => {
    for (const [command, ...wanted] of [
      ['flags', 'set', 'disable-all', 'serve', '--store'],
      ['config', 'set', 'unset', '--expect'],
    ]) {
      const script = (await place.run('completion', 'bash')).out
      const words = new RegExp(`^ *${command}\\) words="([^"]*)"`, 'm').exec(script)?.[1]?.split(' ')
      expect(words).toEqual(expect.arrayContaining(wanted))
    }
    const { topics } = JSON.parse((await place.run('docs', '--json')).out) as { topics: readonly { name: string }[] }
    const nextOf = (word: string) => [commands.find((spec) => wordOf(spec) === word)?.next ?? []].flat()
    expect(topics.map(({ name }) => name)).toEqual(expect.arrayContaining(nextOf('docs')))
    for (const command of ['config', 'flags'])
      for (const verb of nextOf(command)) {
        const ended = await place.run(command, verb)
        expect(`${command} ${verb}: ${ended.err}`).not.toContain('has no verb')
      }
  })

  test('a report is one file, with the figures that the caller measured', async () => {
    place.write('changeover.yaml', plan)
    await place.run('run', '--yes')
    writeFileSync(
      join(place.folder, 'figures.json'),
      '{"requests":{"served":12034,"failed":0},"longestWritePauseMs":38}',
    )
    expect((await place.run('report', '--figures', 'figures.json', '--out', 'report.html')).code).toBe(0)
    const page = readFileSync(join(place.folder, 'report.html'), 'utf8')
    expect(page).toContain('12,034 served meanwhile')
    expect(page).toContain('38 ms')
    expect((await place.run('report', '--figures', 'nothing.json')).code).toBe(2)
  })

  test('every topic that is listed has a page', async () => {
    const { topics } = JSON.parse((await place.run('docs', '--json')).out) as { topics: { name: string }[] }
    for (const name of ['kinds', 'adapters', 'errors', 'lens', 'plan', 'exit-codes', 'gate.soak', 'plan.stale'])
      expect(topics.map((topic) => topic.name)).toContain(name)
    expect((await place.run('docs', 'gate.soak')).out).toContain('forMs: 600000')
    expect((await place.run('docs', 'plan.stale')).out).toContain('The plan no longer fits')
  })
})
