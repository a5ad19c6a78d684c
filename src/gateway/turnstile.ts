/** Lets so many in at once, some wait their turn for a while, and refuses the rest. Knows no request. */

export interface Turnstile {
  /** Calls `go` when there is room, at once or later; `refused` when too many wait or it took too long. What it gives takes the place in the queue back. */
  enter(go: () => void, refused: (why: string) => void): () => void
  /** One is out: the next one may go. */
  leave(): void
  sweep(now: number): void
  readonly inside: number
  readonly waiting: number
}

interface Place {
  readonly go: () => void
  readonly refused: (why: string) => void
  readonly until: number
}

/** `limit` null: as many as come. Times in milliseconds of the clock that `sweep` tells. */
export function openTurnstile(limit: number | null, queue: number, queueMs: number, startedAt: number): Turnstile {
  const places: Place[] = []
  let [inside, now] = [0, startedAt]
  return {
    enter: (go, refused) => {
      if (limit === null || inside < limit) {
        inside += 1
        go()
        return () => undefined
      }
      if (places.length >= queue) {
        refused('too many requests wait already')
        return () => undefined
      }
      const place = { go, refused, until: now + queueMs }
      places.push(place)
      return () => {
        const at = places.indexOf(place)
        if (at >= 0) places.splice(at, 1)
      }
    },
    leave: () => {
      inside -= 1
      const next = limit === null || inside < limit ? places.shift() : undefined
      if (next === undefined) return
      inside += 1
      next.go()
    },
    sweep: (at) => {
      now = at
      while (places[0] !== undefined && places[0].until < at) places.shift()!.refused('there was no room in time')
    },
    get inside() {
      return inside
    },
    get waiting() {
      return places.length
    },
  }
}
