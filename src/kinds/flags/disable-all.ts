/** `flags.disable-all`: the kill switch of a store: every program uses its own fallbacks. Turned back, each flag is whole what it was. */
import { z } from 'zod'
import { matchesAny } from '../../core/glob.ts'
import type { JsonObject } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'
import { type Change, changing, roles } from './change.ts'
import { flagIn, wished } from './wish.ts'

const spec = z.strictObject({
  only: z.array(z.string().min(1)).default(['**']).describe('Globs of the flags that are meant.'),
  except: z.array(z.string().min(1)).default([]).describe('Globs of the flags that stay as they are.'),
  why: z.string().optional().describe('Kept in the history of each flag.'),
})

export const flagsDisableAll = defineKind({
  name: 'flags.disable-all',
  summary: 'Switches all feature flags of a store off at once, or those that are named.',
  roles,
  spec,
  example: { except: ['billing-*'] },

  plan({ only, except, why }, site) {
    const set = site.facts.store
    const changes = disabled(set.flags, only, except)
    const after = Object.fromEntries(Object.entries(changes).map(([name, each]) => [name, each.after]))
    const work: Change = { store: site.targets.store, flags: changes, why: why ?? 'flags.disable-all' }
    const names = Object.keys(changes).map((name) => `"${name}"`)
    const preview =
      names.length === 0
        ? ['every flag that is meant is switched off already']
        : [`switch off ${names.join(', ')}: every program uses its own fallback, for everybody`]
    return { work, predicted: { store: { ...set, flags: { ...set.flags, ...after } } }, preview, undo: 'exact' }
  },

  ...changing,
})

/** The flags that are not switched off yet, each as it is and as it shall be. */
export function disabled(flags: JsonObject, only: readonly string[], except: readonly string[]): Change['flags'] {
  const named = Object.keys(flags).filter((name) => matchesAny(name, only) && !matchesAny(name, except))
  return Object.fromEntries(
    named.flatMap((name) => {
      const before = flagIn(flags, name)
      if (before === undefined || before.state === 'DISABLED') return []
      return [
        [
          name,
          {
            before: before as unknown as JsonObject,
            after: wished(before, { enabled: false }) as unknown as JsonObject,
          },
        ],
      ]
    }),
  )
}
