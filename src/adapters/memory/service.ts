/** The service port in memory, for tests: a program that is a variable. */
import type { Target } from '../../core/kind.ts'
import type { Health, ServiceControl, ServiceFacts } from '../../core/ports/index.ts'

export interface MemoryService extends Target<'service'> {
  /** How often it was really started and stopped. */
  readonly counts: { readonly started: number; readonly stopped: number }
}

export interface MemoryServiceOptions {
  readonly state?: ServiceFacts['state']
  /** What is wrong with it at its nth health check since its start, from 1; '' when nothing is. */
  readonly health?: (check: number) => string
  readonly log?: readonly string[]
}

export function memoryService(options: MemoryServiceOptions = {}): MemoryService {
  let state = options.state ?? 'stopped'
  let checks = 0
  const counts = { started: 0, stopped: 0 }
  const health = async (): Promise<Health> => {
    checks += 1
    const why = state === 'stopped' ? 'it does not run' : (options.health?.(checks) ?? '')
    return { healthy: why === '', ms: 1, why }
  }
  const control: ServiceControl = {
    state: async () => state,
    health,
    tail: async (lines) => (options.log ?? []).slice(-lines),
    start: async () => {
      if (state === 'running') return
      counts.started += 1
      checks = 0
      state = 'running'
    },
    stop: async () => {
      if (state === 'stopped') return
      counts.stopped += 1
      state = 'stopped'
    },
  }
  return {
    counts,
    identity: async () => 'service:memory',
    observe: async () => ({ state }),
    read: control,
    write: control,
    fence: async () => undefined,
    close: async () => undefined,
  }
}
