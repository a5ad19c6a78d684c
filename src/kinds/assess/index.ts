/** Kinds that assess: they measure and judge, and change nothing. */
export { assessCompatibility } from './compatibility.ts'
export { assessRequirements } from './requirements.ts'
export { assessVersions } from './versions.ts'
