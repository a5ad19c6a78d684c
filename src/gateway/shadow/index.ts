/** Shadow at work: requests that are sampled, asked of the new version too, and compared. What differs is decided in `src/shadow`. */
export { openShadows, type Shadows } from './shadows.ts'
export type { ShadowFindings } from './observer.ts'
