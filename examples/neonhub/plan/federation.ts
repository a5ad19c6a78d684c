/** The federation, enabled last: a part of its own, which can be rolled back while v4 goes on without it. */
import { federationConfig, registration } from '../parts.ts'

export const federationSteps = [
  {
    id: 'federation-config',
    kind: 'config.rewrite',
    title: 'Enable the federation',
    on: 'config',
    spec: { file: 'neonhub.v4.yml', set: federationConfig('${NEONHUB_COORDINATOR}') },
    part: ['federation', 'configuration'],
    stage: 'Federation',
  },
  {
    id: 'register',
    kind: 'http.call',
    title: 'Register the node',
    on: 'federation',
    spec: {
      look: { path: `/api/v1/federation/nodes/${registration.nodeId}` },
      do: { method: 'POST', path: '/api/v1/federation/nodes', body: registration },
      undo: { method: 'DELETE', path: `/api/v1/federation/nodes/${registration.nodeId}` },
    },
    part: 'federation',
    stage: 'Federation',
  },
  {
    id: 'active',
    kind: 'gate.probe',
    title: 'Is the node active?',
    on: 'federation',
    spec: {
      path: `/api/v1/federation/nodes/${registration.nodeId}`,
      count: 1,
      intervalMs: 100,
      requires: { body: [{ at: '/status', equals: 'active' }] },
      success: { status: '2xx' },
      undecidedMs: 20_000,
    },
    part: 'federation',
    stage: 'Federation',
  },
]
