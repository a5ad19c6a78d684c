/** `gate.confirm`: a person has ticked a list. The engine asks before the step starts; this kind only holds what they said. */
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { defineKind } from '../../core/kind.ts'

const spec = z.strictObject({
  items: z.array(z.string().min(1)).min(1).describe('What the person confirms, one thing each.'),
})

type Work = { readonly items: readonly string[] }

export const gateConfirm = defineKind({
  name: 'gate.confirm',
  summary:
    'Waits until a person has confirmed a list, such as a go-live checklist. Give the step an `approval`: the question.',
  roles: {},
  spec,
  example: { items: ['the support team is ready', 'stakeholders were told'] },

  plan(given) {
    const work: Work = { items: given.items }
    return {
      work,
      predicted: {},
      preview: ['a person confirms:', ...given.items.map((item) => `[ ] ${item}`)],
      undo: 'exact',
    }
  },

  async *apply(work, at) {
    if (!at.approval) {
      throw new ChangeoverError(
        'gate.failed',
        `step "${at.step}" asks for a confirmation, but nobody was asked`,
        `add \`approval: "…"\` to step "${at.step}", so that the run waits for \`changeover approve\``,
      )
    }
    const { by, note } = at.approval
    yield {
      at: { by, note, items: work.items },
      done: work.items.length,
      of: work.items.length,
      unit: 'items',
      note: `confirmed by ${by}`,
    }
  },

  async *rollback() {},
})
