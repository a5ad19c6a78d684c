/** v4 is started beside v3, and asked whether it works. No client is sent to it yet. */
import { configDefaults, configKeys, endpoints, v4Nodes } from '../parts.ts'

/** The database cannot go back while v4 runs on it: these steps are rolled back with either. */
export const application = { part: ['application', 'database'], stage: 'Application' }

export const applicationSteps = [
  {
    id: 'config',
    kind: 'config.rewrite',
    title: 'Configuration of v4',
    on: 'config',
    spec: {
      file: 'neonhub.yml',
      to: 'neonhub.v4.yml',
      map: configKeys,
      set: configDefaults,
      environment: { files: ['.env'], names: ['NEONHUB_COORDINATOR'] },
    },
    part: 'configuration',
    stage: 'Application',
  },
  ...v4Nodes.map((node, index) => ({
    id: `start-${node}`,
    kind: 'service.start',
    title: `Start node ${index + 1} of v4 beside v3, and wait until it is healthy`,
    on: node,
    spec: { pollMs: 100 },
    ...application,
  })),
  ...endpoints.map((path) => ({
    id: `probe${path.replaceAll('/', '-')}`,
    kind: 'gate.probe',
    title: `Does v4 answer ${path}?`,
    on: 'v4-api',
    spec: { path, count: 5, intervalMs: 20, success: { status: '2xx', maxLatencyMs: 2_000 } },
    ...application,
  })),
]
