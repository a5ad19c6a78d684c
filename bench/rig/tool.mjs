/** A process that applies one step and says the most memory it had, as the kernel counted it. */
import { readFileSync } from 'node:fs'
import { apply } from './hand.mjs'

await apply(JSON.parse(process.argv[2]))
process.send({ peak: peak() }, () => process.disconnect())

/** VmHWM where there is a /proc, else what Node knows. Bytes. */
function peak() {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
