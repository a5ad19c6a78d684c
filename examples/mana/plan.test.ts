/** The whole example by its command, as the how-to page says it: a healthy run, and one whose fault is caught and undone. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { faults } from './faults.ts'
import { targets } from './parts.ts'
import type { Summary } from './summary.ts'

const project = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(project, 'docs', 'how-to', 'mana.md'), 'utf8')

/** What stands behind `npm run example:mana --` on the page. */
const shown = [...page.matchAll(/^npm run example:mana(?: -- (.*?))?(?: +#.*)?$/gm)].map(([, words = '']) =>
  words.split(' ').filter((word) => word !== ''),
)

interface Ended {
  readonly code: number | null
  readonly said: string
  readonly summary: Summary
}

async function example(...words: readonly string[]): Promise<Ended> {
  const program = join(import.meta.dirname, 'run.ts')
  const child = spawn(process.execPath, ['--import', 'jiti/register', program, ...words, '--quick', '--json'], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, said] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (out === '') throw new Error(said)
  return { code, said, summary: JSON.parse(out.trim().split('\n').at(-1)!) as Summary }
}

/** Why it went otherwise than it should: the end of what it said. */
const tail = ({ said }: Ended): string => said.split('\n').slice(-40).join('\n')

describe('npm run example:mana', () => {
  it('goes to v2 alone in every environment, with nothing failed and nothing lost', { timeout: 600_000 }, async () => {
    expect(shown).toContainEqual([])
    const run = await example()
    expect([run.code, run.code === 0 ? '' : tail(run)]).toEqual([0, ''])
    expect(run.summary).toMatchObject({
      outcome: 'done',
      requests: { failed: 0 },
      transactions: { lost: 0 },
      rolledBackEqual: null,
      trigger: null,
    })
    expect(run.summary.requests.byV2).toBeGreaterThan(1_000)
    expect(run.summary.transactions.promised).toBeGreaterThan(1_000)
    // Met or missed, each is measured and said.
    const names = run.summary.targets.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(Object.keys(targets)))
  })

  it('turns back by itself when v2 is slow in production', { timeout: 600_000 }, async () => {
    expect(shown).toContainEqual(['--fault', 'slow-v2'])
    const run = await example('--fault', 'slow-v2')
    expect([run.code, run.code === 0 ? '' : tail(run)]).toEqual([0, ''])
    expect(run.summary).toMatchObject({
      outcome: 'rolled-back',
      transactions: { lost: 0 },
      rolledBackEqual: true,
      trigger: {
        step: expect.stringMatching(/^production-/) as string,
        why: expect.stringContaining('latency') as string,
      },
    })
    expect(run.summary.requests.byV2).toBeGreaterThan(0)
    expect(run.summary.undoneMs).toBeLessThan(5_000)
    expect(run.said).toContain('run.closed      rolled-back')
  })

  it('has the faults that the page names, and refuses others', async () => {
    for (const name of Object.keys(faults)) expect(page).toContain(`\`${name}\``)
    await expect(example('--fault', 'none-such')).rejects.toThrow('there is no fault "none-such": there are slow-v2')
    await expect(example('--environment', 'moon')).rejects.toThrow('there is no environment "moon"')
  })
})
