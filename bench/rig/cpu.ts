/** What a run cost in processor time: this process with its threads, and the server's processes. Read from /proc; none elsewhere. */
import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds of processor time since their start, ours and the server's. */
export interface Spent {
  readonly ours: number
  readonly server: number
}

/** Undefined where there is no /proc. `pid`: the server's first process, whose children are its sessions, those that ended too. */
export function spent(pid: number): Spent | undefined {
  try {
    const { user, system } = process.cpuUsage()
    const server = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => statOf(name))
      .reduce((sum, each) => sum + (each?.parent === pid || each?.pid === pid ? each.micros : 0), 0)
    return { ours: user + system, server }
  } catch {
    return undefined
  }
}

/** proc(5): fields 14 and 15 are its own ticks, 16 and 17 those of its children that ended; a tick is 10 ms. */
function statOf(name: string): { pid: number; parent: number; micros: number } | undefined {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0)
    return { pid: Number(name), parent: fields[1] ?? 0, micros: ticks * 10_000 }
  } catch {
    return undefined
  }
}
