/** A change of a flag in words: who moves, and who stays. Pure. */
import { equal, type Json } from '../../core/json.ts'
import { type Flag, type Rollout, type Sides, sidesIn } from '../../flags/index.ts'
import { hasRule, plainSides, standing } from './wish.ts'

/** One line for each thing that changes; one that says so where nothing does. */
export function whoMoves(name: string, before: Flag | undefined, after: Flag): readonly string[] {
  if (before === undefined) return born(name, after)
  if (equal(before as unknown as Json, after as unknown as Json)) return [`flag "${name}" is so already`]
  const [was, now] = [standing(before, sidesIn(after)), standing(after)]
  const moves = [
    ...redrawn(name, was, now),
    ...shared(name, was, now),
    ...listed(name, was, now),
    ...sided(name, before, after),
  ]
  const kept =
    hasRule(before) && !hasRule(after) ? [`the rule of flag "${name}" stays, and is asked for those who are in`] : []
  const lines = [...switched(name, was, now), ...(now.enabled ? moves : moves.map(later)), ...kept]
  if (lines.length === 0) return [`flag "${name}" is written anew; nobody moves`]
  const asleep = was.enabled || now.enabled ? [] : [`flag "${name}" is switched off: nobody moves until it is enabled`]
  return [...lines, ...asleep]
}

/** A flag that was not there. */
function born(name: string, flag: Flag): readonly string[] {
  const now = standing(flag)
  const share = now.percent > 0 ? `${crowdOf(now)} are in` : `nobody is in${now.allow.length > 0 ? ' but by name' : ''}`
  const lists = listed(name, { ...now, allow: [], deny: [] }, now)
  if (now.enabled) return [`flag "${name}" is new: ${share}`, ...lists]
  return [
    `flag "${name}" is new and switched off: every program uses its own fallback, for everybody`,
    ...[`flag "${name}": ${share}`, ...lists].map(later),
  ]
}

/** What holds from the day on which a flag that is off is switched on. */
const later = (line: string): string => `${line}, once it is switched on`

function switched(name: string, was: Rollout, now: Rollout): readonly string[] {
  if (was.enabled === now.enabled) return []
  return now.enabled
    ? [`flag "${name}" is switched on again: ${crowdOf(now)} are in`]
    : [`flag "${name}" is switched off: every program uses its own fallback, for everybody`]
}

function redrawn(name: string, was: Rollout, now: Rollout): readonly string[] {
  if (was.nodes === now.nodes) return []
  const by = now.nodes === undefined ? 'by user' : `by the node in "${now.nodes}"`
  return [`flag "${name}" goes ${by} now: every bucket is drawn anew`]
}

/** Where the flag is off before or after, nobody comes in or falls out by this: then only the figures are said. */
function shared(name: string, was: Rollout, now: Rollout): readonly string[] {
  if (was.percent === now.percent) return []
  const step = Math.round(Math.abs(now.percent - was.percent) * 100) / 100
  const line = `flag "${name}": ${was.percent} % to ${crowdOf(now)}`
  if (was.nodes !== now.nodes || !was.enabled || !now.enabled) return [line]
  return now.percent > was.percent
    ? [`${line}: ${step} % more come in, nobody who is in falls out`]
    : [`${line}: ${step} % fall out, the others stay in`]
}

function listed(name: string, was: Rollout, now: Rollout): readonly string[] {
  const line = (names: readonly string[], one: string, several: string) =>
    names.length === 0 ? [] : [`flag "${name}": ${quoted(names)} ${names.length === 1 ? one : several}`]
  return [
    ...line(without(now.allow, was.allow), 'comes in by name', 'come in by name'),
    ...line(without(was.allow, now.allow), 'is not in by name any more', 'are not in by name any more'),
    ...line(without(now.deny, was.deny), 'is kept out by name', 'are kept out by name'),
    ...line(without(was.deny, now.deny), 'is not kept out any more', 'are not kept out any more'),
  ]
}

/** Plain sides are what everybody expects of a flag that had none. */
function sided(name: string, before: Flag, after: Flag): readonly string[] {
  const [was, now]: readonly (Sides | undefined)[] = [sidesIn(before) ?? plainSides, sidesIn(after)]
  if (now === undefined || equal({ ...was }, { ...now })) return []
  return [`flag "${name}": those who are in get "${now.on}", all others "${now.off}"`]
}

/** `10 % of the users`. */
function crowdOf({ percent, nodes }: Rollout): string {
  return `${percent} % of the ${nodes === undefined ? 'users' : 'nodes'}`
}

function without(names: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others)
  return names.filter((name) => !known.has(name))
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name))
  return `${shown.join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`
}
