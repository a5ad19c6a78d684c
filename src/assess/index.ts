/** Knowledge for assessments: versions and the ways between them, and amounts with units. Knows no target. */
export { bitsPerSecondOf, bytesOf, minutesOf, showBits, showBytes } from './units.ts'
export {
  bestPath,
  type Complexity,
  nearestPaths,
  type Upgrade,
  type UpgradePath,
  type VersionPolicy,
} from './upgrade-path.ts'
export { compareVersions, inRange, parseRange, parseVersion, type Range, showVersion, type Version } from './version.ts'
