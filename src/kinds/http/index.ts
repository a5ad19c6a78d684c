/** The family `http`: changes made through an API. */
export { httpCall } from './call.ts'
