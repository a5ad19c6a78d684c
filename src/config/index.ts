/** Configuration files: YAML, JSON, TOML, INI and env, edited so that every other byte stays. Knows no file system. */
export {
  type ConfigDocument,
  type ConfigFormat,
  configFormats,
  decodeConfig,
  formatOf,
  keysOf,
  openConfig,
} from './document.ts'
export { type KeyPlan, planKeys, type RewriteRules, type WayBack } from './key-map.ts'
export { keysThroughLens } from './lens-rewrite.ts'
export { isSecretKey, referencesIn, reviewReferences, reviewSecrets } from './review.ts'
export { collidingValues, rewrite, wayBack } from './rewrite.ts'
