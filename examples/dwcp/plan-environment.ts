/** What the plans of this example take from their environment, written and read in one place. Knows no step. */
import type { Fault } from './node/faults.ts'
import { faults } from './node/faults.ts'
import { type Pace, paceNamed, type PaceName } from './pace.ts'
import type { Site } from './site.ts'

export interface PlanPlace {
  readonly home: string
  readonly door: string
  readonly proxy: string
  readonly load: string
  /** The process that the nodes end with. */
  readonly owner: string
  readonly program: string
  readonly fault: Fault | undefined
}

export function planEnvironment(site: Site, fault: Fault | null, pace: PaceName): Readonly<Record<string, string>> {
  return {
    DWCP_HOME: site.home,
    DWCP_DOOR: site.door.url,
    DWCP_PROXY: site.proxy,
    DWCP_LOAD: site.load,
    DWCP_OWNER: String(process.pid),
    DWCP_PROGRAM: site.programs('node'),
    DWCP_PACE: pace,
    ...(fault === null ? {} : { DWCP_FAULT: fault }),
  }
}

export function planIn(env: NodeJS.ProcessEnv): PlanPlace {
  const of = (name: string): string => {
    const value = env[name]
    if (value === undefined)
      throw new RangeError(`${name} is not set: \`npm run example:dwcp\` puts up a fleet and sets it`)
    return value
  }
  return {
    home: of('DWCP_HOME'),
    door: of('DWCP_DOOR'),
    proxy: of('DWCP_PROXY'),
    load: of('DWCP_LOAD'),
    owner: of('DWCP_OWNER'),
    program: of('DWCP_PROGRAM'),
    fault: faults.find((each) => each === env['DWCP_FAULT']),
  }
}

export const paceIn = (env: NodeJS.ProcessEnv): Pace => paceNamed(env['DWCP_PACE'])
