/** PostgreSQL's table locks, weakest first, and what each one stops. Knows no statement. */

export const lockModes = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const

export type LockMode = (typeof lockModes)[number]

/**
 * What one statement does to one object: the strongest lock it takes there, and the work done while it is held.
 * `rewrite` copies the table, `scan` reads it, `build` makes an index from it.
 */
export interface Touch {
  readonly object: string
  readonly mode: LockMode
  readonly work: readonly ('rewrite' | 'scan' | 'build')[]
}

export function rank(mode: LockMode): number {
  return lockModes.indexOf(mode)
}

function stronger(a: LockMode, b: LockMode): LockMode {
  return rank(a) >= rank(b) ? a : b
}

/** The modes that another session must not hold for this one to be granted: the server's table of conflicts. */
export function conflicting(mode: LockMode): readonly LockMode[] {
  const at = rank(mode)
  const from = [7, 6, 4, 3, 2, 2, 1, 0][at] ?? 0
  // SHARE stands beside SHARE.
  return lockModes.slice(from).filter((each) => !(mode === 'SHARE' && each === 'SHARE'))
}

/** What other sessions cannot do while the lock is held, in words. */
export function stops(mode: LockMode): string {
  if (mode === 'ACCESS EXCLUSIVE') return 'stops every read and write'
  if (mode === 'EXCLUSIVE' || mode === 'SHARE ROW EXCLUSIVE' || mode === 'SHARE') return 'stops every write'
  return mode === 'SHARE UPDATE EXCLUSIVE' ? 'stops other schema changes and vacuum' : 'stops no reads or writes'
}

/** One touch for each object: the strongest lock and all the work, in the order of first mention. */
export function merged(touches: readonly Touch[]): readonly Touch[] {
  const byObject = new Map<string, Touch>()
  for (const touch of touches) {
    const known = byObject.get(touch.object)
    const work = [...new Set([...(known?.work ?? []), ...touch.work])]
    byObject.set(touch.object, {
      object: touch.object,
      mode: known ? stronger(known.mode, touch.mode) : touch.mode,
      work,
    })
  }
  return [...byObject.values()]
}
