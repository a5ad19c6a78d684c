/** Before anything is touched: is there a path, is the machine large enough, what changes, what is busy? */
import { compatibility, requirements, versionPaths } from '../terms.ts'

const assessment = { stage: 'Assessment' } as const

const levels = { full: 'compatible', 'api change': 'api-change', deprecated: 'deprecated' } as const
const components = Object.fromEntries(
  Object.entries(compatibility.components).map(([name, { level, ...rest }]) => {
    const requiredActions = rest.requiredActions.map((action) => ({ action, done: true }))
    return [name, { ...rest, status: levels[level], requiredActions }]
  }),
)
const { breaking, deprecated, newRequired } = compatibility.configurationChanges

export const assessmentSteps = [
  {
    id: 'versions',
    kind: 'assess.versions',
    title: 'Is there a supported path?',
    spec: {
      from: '3.3.0',
      to: '4.0.0',
      paths: versionPaths.map(({ from, to, via, complexity, downtimeMinutes }) => ({
        from,
        to,
        complexity,
        downtime: `${downtimeMinutes[0] / 60}-${downtimeMinutes[1] / 60} hours`,
        via: via === null ? [] : [`${via}.0`],
      })),
    },
    ...assessment,
  },
  {
    id: 'compatibility',
    kind: 'assess.compatibility',
    title: 'Which components change?',
    spec: { components, configurationChanges: { breaking, deprecated, newRequired } },
    ...assessment,
  },
  {
    id: 'requirements',
    kind: 'assess.requirements',
    title: 'Is the machine large enough?',
    on: 'host',
    // What the guide asks of production is measured too, and said as a risk: this system is smaller.
    spec: {
      minimum: requirements.example,
      recommended: requirements.minimum,
      extra: {},
      tools: { node: `>=${requirements.node}` },
    },
    ...assessment,
  },
  { id: 'database', kind: 'assess.database', title: 'How large is the database?', on: 'db', spec: {}, ...assessment },
  {
    id: 'activity',
    kind: 'assess.activity',
    title: 'Wait for jobs that are running',
    on: 'db',
    spec: {
      work: ["SELECT 'jobs' AS label, count(*) FROM jobs WHERE state = 'running'"],
      policy: 'drain',
      everyMs: 200,
    },
    ...assessment,
  },
]
