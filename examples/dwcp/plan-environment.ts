/** What the plans of this example take from their environment, written and read in one place. Knows no step. */
import type { Fault } from './node/faults.ts'
import { faults } from './node/faults.ts'
import type { Site } from './site.ts'

/** How many times shorter the guide's waits are, and how long the soak is watched. */
export interface Pace {
  readonly compress: number
  /** The same of the ten minutes between the stages of a gradual rollback. */
  readonly compressDown: number
  readonly soakSeconds: number
}
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

export function planEnvironment(site: Site, fault: Fault | null, pace: Pace): Readonly<Record<string, string>> {
  return {
    DWCP_HOME: site.home,
    DWCP_DOOR: site.door.url,
    DWCP_PROXY: site.proxy,
    DWCP_LOAD: site.load,
    DWCP_OWNER: String(process.pid),
    DWCP_PROGRAM: site.programs('node'),
    DWCP_COMPRESS: String(pace.compress),
    DWCP_COMPRESS_DOWN: String(pace.compressDown),
    DWCP_SOAK_SECONDS: String(pace.soakSeconds),
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

/** Unless said a week in five seconds, ten minutes in five, and a soak of 12. */
export const paceIn = (env: NodeJS.ProcessEnv): Pace => ({
  compress: Number(env['DWCP_COMPRESS'] ?? 120_960),
  compressDown: Number(env['DWCP_COMPRESS_DOWN'] ?? 120),
  soakSeconds: Number(env['DWCP_SOAK_SECONDS'] ?? 12),
})
