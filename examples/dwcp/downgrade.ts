/** `--state v3.json --out v1.json`: a v3 state taken down to v1, or the list of what v1 could not hold. */
import { readFileSync } from 'node:fs'
import { isProgram, options } from '../stage/program.ts'
import { writeState } from './node/keeping.ts'
import { downgrade, type NodeState } from './node/state.ts'
import { codecsReady } from './pages/codecs.ts'

if (isProgram(import.meta.filename)) {
  const { state, out } = options(['state', 'out'])
  if (state === undefined || out === undefined) throw new RangeError('--state FILE and --out FILE')
  await codecsReady()
  const given = JSON.parse(readFileSync(state, 'utf8')) as NodeState
  const done = given.version === 'v1' ? { done: true as const, state: given } : downgrade(given)
  if (done.done) writeState(out, done.state)
  process.stdout.write(`${JSON.stringify(done.done ? { done: true, out } : done)}\n`)
  process.exitCode = done.done ? 0 : 1
}
