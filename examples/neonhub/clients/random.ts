/** The same numbers for the same seed. */

export interface Sequence {
  /** A whole number from 0, below `below` (at most 2^31). */
  next(below: number): number
}

/** A linear congruential generator modulo 2^48 with the constants of POSIX drand48; the upper 31 bits are used. */
export function sequence(seed: number): Sequence {
  let state = (BigInt(seed) << 16n) + 0x330en
  return {
    next: (below) => {
      state = (state * 0x5deece66dn + 0xbn) & 0xffffffffffffn
      return Number(state >> 17n) % below
    },
  }
}
