/** `npm run example:NAME`: sets up, and runs an example of this project whole. What follows goes to the example. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram, setUp } from './setup.mjs'

const [name = '', ...words] = process.argv.slice(2)
const program = `examples/${name}/run.ts`
if (name === '' || !existsSync(join(import.meta.dirname, '..', program))) {
  process.stderr.write(`there is no example "${name}": it would be ${program}\n`)
  process.exit(2)
}
await setUp({ quiet: words.includes('--json') })
await runProgram(program, words)
