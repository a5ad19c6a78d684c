/** `npm start`: sets up, and takes a NeonHub from v3.3 to v4.0 under live load. */
import { runProgram, setUp } from './setup.mjs'

await setUp({ quiet: process.argv.includes('--json') })
await runProgram('examples/neonhub/run.ts', process.argv.slice(2))
