/** The clients go over to v4 by thirds, while v3 still runs; what turns them back by itself stands in `triggers.ts`. */
import { v4Nodes } from '../parts.ts'
import { application } from './application.ts'
import { medianOf, triggers } from './triggers.ts'

export const trafficSteps = [
  {
    id: 'traffic-baseline',
    kind: 'gate.metrics-baseline',
    title: 'How fast is v3 for its clients, now that both shapes are kept?',
    on: 'metrics',
    // Its rate needs two looks that are half a second to a second apart: a machine that is busy may miss that a few times.
    spec: { queries: { latency: medianOf('v3') }, count: 6, intervalMs: 200, consecutiveErrorLimit: 25 },
    ...application,
  },
  {
    id: 'shift',
    kind: 'traffic.shift',
    title: 'Send the clients to v4, a third at a time',
    on: 'traffic',
    spec: {
      route: 'v3-api',
      steps: [
        { to: { v3: 6_667, v4: 3_333 }, holdMs: 1_200 },
        { to: { v3: 3_333, v4: 6_667 }, holdMs: 800 },
      ],
      to: { v3: 0, v4: 10_000 },
      holdMs: 800,
      back: 'drain-first',
      serversUp: { v4: v4Nodes.length },
    },
    guards: triggers,
    ...application,
  },
  {
    id: 'open-v4',
    kind: 'traffic.shift',
    title: "Open v4's own API",
    on: 'traffic',
    spec: { route: 'v4-api', to: { v3: 0, v4: 10_000 }, back: 'drain-first', serversUp: { v4: v4Nodes.length } },
    ...application,
  },
]
