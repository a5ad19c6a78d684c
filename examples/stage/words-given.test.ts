import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const examples = join(import.meta.dirname, '..')

test.each(['neonhub', 'mana', 'dwcp'])(
  '%s says in a line which option it does not know, and starts nothing',
  (name) => {
    const run = join(examples, name, 'run.ts')
    const ended = spawnSync(process.execPath, ['--import', 'jiti/register', run, '--hlp'], { encoding: 'utf8' })
    expect([ended.status, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toBe("Unknown option '--hlp'; --help shows what there is\n")
  },
)
