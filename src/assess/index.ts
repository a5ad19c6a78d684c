/** Knowledge for assessments: versions and the ways between them, and amounts with units. Knows no target. */
export { bitsPerSecondOf, bytesOf, minutesOf, showBits, showBytes } from './units.ts'
export { bestPath, nearestPaths, type Upgrade, type UpgradePath, type VersionPolicy } from './upgrade-path.ts'
export { compareVersions, inRange, parseRange, parseVersion } from './version.ts'
