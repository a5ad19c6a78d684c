/** The family `service`: programs that are started and stopped. */
export { serviceStart } from './start.ts'
export { serviceStop } from './stop.ts'
