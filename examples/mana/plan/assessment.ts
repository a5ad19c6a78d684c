/** Before anything is changed: is there a path, what is compatible, is the machine large enough? */
import { components, requirements, versionPaths } from '../parts.ts'

const stage = 'Assessment'

export const assessmentSteps = [
  {
    id: 'versions',
    kind: 'assess.versions',
    title: 'Is there a supported path?',
    spec: { from: '1.0.0', to: '2.0.0', paths: [...versionPaths] },
    stage,
  },
  {
    id: 'compatibility',
    kind: 'assess.compatibility',
    title: 'Which modules change?',
    spec: { components },
    stage,
  },
  {
    id: 'requirements',
    kind: 'assess.requirements',
    title: 'Is the machine large enough?',
    on: 'host',
    spec: { minimum: requirements.minimum, tools: { node: requirements.node } },
    stage,
  },
]
