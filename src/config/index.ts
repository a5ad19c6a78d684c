/** Configuration files: YAML, JSON, TOML, INI and env, edited so that every other byte stays. Knows no file system. */
export { type ConfigDocument, type ConfigFormat, decodeConfig, formatOf, keysOf, openConfig } from './document.ts'
export { type ConfigPath, dotted, isBelow, partsOf } from './path.ts'
