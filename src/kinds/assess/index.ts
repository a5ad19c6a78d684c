/** Kinds that measure and judge before anything is changed. They change nothing. */
export { assessActivity } from './activity.ts'
export { assessCompatibility } from './compatibility.ts'
export { assessDatabase } from './database.ts'
export { assessRequirements } from './requirements.ts'
export { assessVersions } from './versions.ts'
