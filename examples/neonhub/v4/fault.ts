/** A v4 that is bad in a known way, to see a trigger of the plan catch it. Off unless it is asked for. Knows no database. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Handler, Refusal, type Route } from '../service/serve.ts'

/**
 * `errors`: every fourth request of a v3 client fails with 500. `slow`: each takes 80 ms longer. `functions`: after 20 of them v4's
 * compliance status is gone, while users see nothing of it. No check of health notices any of them.
 */
export const faults = ['none', 'errors', 'slow', 'functions'] as const
export type Fault = (typeof faults)[number]

const [everyFourth, slowerMs, enough] = [4, 80, 20]
const lostFunction = '/api/v1/compliance/status'

export function faultFrom(name: string): Fault {
  const fault = faults.find((each) => each === name)
  if (fault === undefined) throw new Error(`there is no fault "${name}"; there are ${faults.join(', ')}`)
  return fault
}

/** The same routes, as that fault leaves them. */
export function spoiled(fault: Fault, routes: readonly Route[]): readonly Route[] {
  if (fault === 'none') return routes
  let asked = 0
  const ofV3Clients = (handler: Handler): Handler => {
    return async (request) => {
      asked += 1
      if (fault === 'slow') await sleep(slowerMs)
      if (fault === 'errors' && asked % everyFourth === 0) throw new Refusal(500, 'the fault "errors" was asked for')
      return handler(request)
    }
  }
  const lost = (handler: Handler): Handler => {
    return async (request) => {
      if (asked >= enough) throw new Refusal(500, 'the fault "functions" was asked for')
      return handler(request)
    }
  }
  return routes.map(([method, path, handler]): Route => {
    if (fault === 'functions' && path === lostFunction) return [method, path, lost(handler)]
    if (!path.startsWith('/api/v3/') || path === '/api/v3/health') return [method, path, handler]
    return [method, path, ofV3Clients(handler)]
  })
}
