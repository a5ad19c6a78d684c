/** `flags.set`: one flag as it shall be, with the preview of who moves; turned back, it is whole what it was. */
import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'
import { type Change, changing, roles } from './change.ts'
import { against, flagIn, tryWish, wishFields } from './wish.ts'
import { whoMoves } from './words.ts'

const spec = z
  .strictObject({
    flag: z.string().min(1),
    ...wishFields,
    create: z.boolean().default(false).describe('Makes the flag where it is not there: boolean, variants on and off.'),
    why: z.string().optional().describe('Kept in the history of the flag.'),
  })
  .refine(
    ({ flag: _flag, create, why: _why, ...wish }) => create || Object.values(wish).some((each) => each !== undefined),
    { error: 'nothing is wished: name `enabled`, `percent`, `allow`, `deny`, `nodes` or `sides`' },
  )

export const flagsSet = defineKind({
  name: 'flags.set',
  summary: 'Sets a feature flag: switched on or off, a share of users or nodes, lists of names.',
  roles,
  spec,
  example: { flag: 'new-checkout', percent: 10, allow: ['ann@example.org'] },

  plan({ flag: name, create, why, ...wish }, site) {
    const set = site.facts.store
    const before = flagIn(set.flags, name)
    const made = before === undefined && !create ? undefined : tryWish(name, before, wish)
    const after = made !== undefined && 'state' in made ? made : undefined
    const findings = made === undefined || 'state' in made ? against(name, set, after) : [made]
    const work: Change = {
      store: site.targets.store,
      flags: after === undefined ? {} : { [name]: { before: plain(before), after: plain(after) as JsonObject } },
      why: why ?? `flags.set "${name}"`,
    }
    if (after === undefined) return { work, predicted: {}, preview: [`set flag "${name}"`], undo: 'exact', findings }
    return {
      work,
      predicted: { store: { ...set, flags: { ...set.flags, [name]: plain(after) } } },
      preview: whoMoves(name, before, after),
      undo: 'exact',
      findings,
    }
  },

  ...changing,
})

function plain(flag: object | undefined): JsonObject | null {
  return flag === undefined ? null : (flag as JsonObject)
}
