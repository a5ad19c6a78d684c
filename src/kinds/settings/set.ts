/** `settings.set`: settings of a running program to other values, all at once; turned back, each has the value, or the default, of before. */
import { z } from 'zod'
import { ChangeoverError, isChangeoverError, suggestion } from '../../core/errors.ts'
import { block, type Finding } from '../../core/finding.ts'
import { defineKind, type Reading, type Writing } from '../../core/kind.ts'
import type { SettingsDocument, SettingsFacts, SettingValue } from '../../core/ports/index.ts'
import { judgeValue, type Settings, settingsOf, valueOf, wantedOf } from '../../settings/index.ts'

const roles = { store: 'settings' } as const

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const spec = z.strictObject({
  set: z
    .record(z.string().min(1), value)
    .refine((given) => Object.keys(given).length > 0, { error: 'name a setting' })
    .describe('Values by setting, with their units: `100ms`, `12.5%`. Null: its default again.'),
  why: z.string().optional().describe('Kept in the history of the settings.'),
})

type Sides = { readonly before: SettingValue | null; readonly after: SettingValue | null }
type Work = { readonly store: string; readonly settings: { readonly [setting: string]: Sides }; readonly why: string }

/** Others may change other settings at the same time: read again and try again, so often. */
const tries = 20

export const settingsSet = defineKind({
  name: 'settings.set',
  summary: 'Tells a running program other settings, checked against their types and bounds.',
  roles,
  spec,
  example: { set: { 'mode_detector.latency_threshold': '100ms', 'hde.max_baselines': 500 } },

  plan({ set, why }, site) {
    const settings = settingsOf(site.facts.store)
    const judged = Object.entries(set).map(([name, given]) => ({ name, ...judge(settings, name, given) }))
    const findings = judged.flatMap((each) => ('finding' in each ? [each.finding] : []))
    const sides = Object.fromEntries(judged.flatMap((each) => ('finding' in each ? [] : [[each.name, each.sides]])))
    const work: Work = { store: site.targets.store, settings: sides, why: why ?? 'settings.set' }
    return {
      work,
      predicted:
        findings.length > 0 ? {} : { store: { ...site.facts.store, values: valuesAfter(site.facts.store, sides) } },
      preview: Object.entries(sides).map(([name, { after }]) => inWords(settings, name, after)),
      undo: 'exact',
      findings,
    }
  },

  async check(work, at) {
    return foreign(work, await at.on.store.read(), ['before', 'after'])
  },

  async *apply(work, at) {
    // Kept before anything is written: without it a rollback knows that what it finds is not ours.
    yield { at: { stage: 'about' }, note: 'about to change the settings' }
    await write(work, at, 'after', 'before', work.why)
    const count = Object.keys(work.settings).length
    yield { at: { stage: 'changed' }, done: count, of: count, unit: 'settings' }
  },

  async verify(work, at: Reading<typeof roles>) {
    return foreign(work, await at.on.store.read(), ['after'])
  },

  async *rollback(work, at) {
    if (at.applied === null) return
    await write(work, at, 'before', 'after', `turned back: ${work.why}`)
    yield { at: { stage: 'back' } }
  },
})

function judge(
  settings: Settings,
  name: string,
  given: SettingValue | null,
): { readonly sides: Sides } | { readonly finding: Finding } {
  const rule = Object.hasOwn(settings.rules, name) ? settings.rules[name] : undefined
  if (rule === undefined) {
    const message = `there is no setting "${name}"${suggestion(name, Object.keys(settings.rules))}`
    return { finding: block('settings.unknown', message, 'name one that is there') }
  }
  const before = standing(settings.values, name)
  if (given === null) return { sides: { before, after: null } }
  const judged = judgeValue(rule, given)
  if ('value' in judged) return { sides: { before, after: judged.value } }
  return { finding: block('settings.invalid', `setting "${name}" ${judged.wrong}`, `it takes ${wantedOf(rule)}`) }
}

function inWords(settings: Settings, name: string, after: SettingValue | null): string {
  const [now, next] = [valueOf(settings, name), after ?? settings.rules[name]!.default]
  const usual = after === null ? ', its default' : ''
  return now === next ? `"${name}" is ${now} already${usual}` : `"${name}": ${now} to ${next}${usual}`
}

function valuesAfter(facts: SettingsFacts, sides: Work['settings']): SettingsFacts['values'] {
  const kept = Object.entries(facts.values).filter(([name]) => !Object.hasOwn(sides, name))
  const made = Object.entries(sides).flatMap(([name, { after }]) => (after === null ? [] : [[name, after] as const]))
  return Object.fromEntries([...kept, ...made])
}

type Side = keyof Sides

async function write(work: Work, at: Writing<typeof roles>, to: Side, from: Side, why: string): Promise<void> {
  const by = at.approval?.by ?? `run "${at.run}"`
  for (let left = tries; ; left--) {
    at.signal.throwIfAborted()
    const now = await at.on.store.read()
    const others = foreign(work, now, [to, from])
    if (others[0] !== undefined)
      throw new ChangeoverError('target.conflict', others[0].message, others[0].help, { data: others })
    const open = Object.entries(work.settings).filter(([name, sides]) => standing(now.values, name) !== sides[to])
    if (open.length === 0) return
    try {
      const values = Object.fromEntries(open.map(([name, sides]) => [name, sides[to]]))
      await at.on.store.change(values, now.version, { by, why: `${why} (step "${at.step}")` })
      return
    } catch (error) {
      if (!isChangeoverError(error) || error.code !== 'target.conflict' || left <= 1) throw error
    }
  }
}

/** Settings that are on none of these sides: somebody else has set them. */
function foreign(work: Work, now: SettingsDocument, sides: readonly Side[]): readonly Finding[] {
  return Object.entries(work.settings)
    .filter(([name, each]) => !sides.some((side) => standing(now.values, name) === each[side]))
    .map(([name]) =>
      block(
        'settings.moved',
        `setting "${name}" of "${work.store}" was changed by somebody else meanwhile`,
        `see \`changeover config history ${name} --target ${work.store}\`, and decide whose value holds`,
      ),
    )
}

function standing(values: SettingsFacts['values'], name: string): SettingValue | null {
  return Object.hasOwn(values, name) ? values[name]! : null
}
