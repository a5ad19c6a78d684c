/** The programs of the fleet as plain JavaScript: two dozen of them start within seconds. */
import { buildPrograms as build } from '../stage/build.ts'

type Name = 'node' | 'load' | 'fault-proxy' | 'downgrade'

/** `program('node')` is the path to start with `node`. */
export const buildPrograms = (): Promise<(name: Name) => string> => build<Name>('dwcp')
