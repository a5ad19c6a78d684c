/** Flags for a program that runs: read at once, asked synchronously, followed as the store changes, and the last good ones while it cannot be read. */
export { type LiveFlags, type LiveFlagsOptions, openFlags } from './open-flags.ts'
