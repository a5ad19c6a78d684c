/** The family `traffic`: which side of a route gets how much. */
export { trafficDrain } from './drain.ts'
export { trafficShift } from './shift.ts'
