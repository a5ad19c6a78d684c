/** So many jobs at once, so many that wait, and the rest dropped: a shadow may be late or thin, and never in the way. */

export interface Queue {
  /** False: dropped. `job` never rejects. */
  add(job: () => Promise<void>): boolean
  readonly waiting: number
  readonly atWork: number
  /** When nothing waits and nothing is at work. */
  idle(): Promise<void>
  close(): void
}

export function createQueue(atOnce: number, room: number): Queue {
  const waiting: (() => Promise<void>)[] = []
  const idlers: (() => void)[] = []
  let atWork = 0
  const next = (): void => {
    while (atWork < atOnce && waiting.length > 0) {
      atWork += 1
      void waiting.shift()!().finally(() => {
        atWork -= 1
        next()
      })
    }
    if (atWork === 0 && waiting.length === 0) for (const idle of idlers.splice(0)) idle()
  }
  return {
    add: (job) => {
      if (atWork >= atOnce && waiting.length >= room) return false
      waiting.push(job)
      // Not in the tick that ends a user's answer.
      setImmediate(next)
      return true
    },
    get waiting() {
      return waiting.length
    },
    get atWork() {
      return atWork
    },
    idle: () =>
      atWork === 0 && waiting.length === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve)),
    close: () => {
      waiting.length = 0
    },
  }
}
