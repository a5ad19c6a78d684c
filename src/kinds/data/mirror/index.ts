/** `data.mirror`: keeps an old and a new shape of the same rows in step, both ways, from now until the run is sealed or rolled back. */
import type { z } from 'zod'
import type { Finding } from '../../../core/finding.ts'
import { defineKind } from '../../../core/kind.ts'
import { checkMirror, verifyMirror } from './check.ts'
import { follow, settle, settleAll } from './follow.ts'
import { putUp, takeDown } from './install.ts'
import { draftMirror } from './plan.ts'
import { type MirrorSpec, mirrorSpec, type MirrorWork } from './spec.ts'

const roles = { database: 'database' } as const

export const dataMirror = defineKind<typeof roles, MirrorSpec, MirrorWork>({
  name: 'data.mirror',
  summary:
    'Keeps old and new shape in step in both directions while both versions write, by triggers made from the lens.',
  roles,
  spec: mirrorSpec as unknown as z.ZodType<MirrorSpec>,
  example: {
    table: 'public.users',
    lens: [
      {
        op: 'object',
        to: 'consent_records',
        fields: { version: { constant: '4.0' }, consentGiven: { from: 'consent_given' } },
      },
    ],
  },

  plan: (spec, site) => draftMirror(spec, site),

  check: async (work, at): Promise<readonly Finding[]> => checkMirror(work, at),

  async *apply(work, at) {
    yield* putUp(work, at)
    if (work.mode === 'notes') yield* settle(work, at)
    yield { at: { standing: true } }
  },

  verify: async (work, at): Promise<readonly Finding[]> => verifyMirror(work, at),

  async *rollback(work, at) {
    if (work.mode === 'notes') yield* settle(work, at)
    yield* takeDown(work, at, (tx) => settleAll(work, at, tx))
    yield { at: { standing: false } }
  },

  /** For lenses without SQL: applies the lens to what the triggers noted, until it is told to quit. */
  follow: async (work, at) => follow(work, at, at.quit),
})
