#!/usr/bin/env node
/** The executable. A first look at the words routes `status` past everything that takes time to load; all else goes to the program. */
import { plainStatus } from './first-look.ts'

const words = process.argv.slice(2)
const status = plainStatus(words)
if (status) {
  const { runStatus } = await import('./run-status.ts')
  process.exitCode = await runStatus(status)
} else {
  const { runProgram } = await import('./program.ts')
  process.exitCode = await runProgram(words)
}
