/** The controlled rollback of the guide as a plan of its own: v3 binaries stay, their features come down in stages. */
import { defineChangeover } from 'changeover'
import { paceIn, planIn } from './plan-environment.ts'
import { down } from './rollout.ts'

const { home, door } = planIn(process.env)

export default defineChangeover({
  name: 'dwcp-down',
  from: '3.0.0',
  to: '3.0.0',
  // A stage that users feel is worse than one that waits for a person.
  onFailure: 'pause',
  journal: { folder: `${home}/changeover-down` },
  targets: {
    flags: { adapter: 'flag-file', config: { path: `${home}/config/flags.json` } },
    figures: { adapter: 'metrics-page', config: { url: `${door}/metrics` } },
  },
  steps: down(paceIn(process.env)),
})
