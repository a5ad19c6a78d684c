/** A change of a flag in words: who moves, and who stays. Pure. */
import { equal, type Json } from '../../core/json.ts'
import type { Flag, Rollout } from '../../flags/index.ts'
import { hasRule, standing } from './wish.ts'

/** One line for each thing that changes; one that says so where nothing does. */
export function whoMoves(name: string, before: Flag | undefined, after: Flag): readonly string[] {
  if (before !== undefined && equal(before as unknown as Json, after as unknown as Json))
    return [`flag "${name}" is so already`]
  const [was, now] = [before === undefined ? nobody : standing(before), standing(after)]
  const lines = [
    ...(before === undefined ? [`flag "${name}" is new: nobody is in but those named here`] : []),
    ...switched(name, was, now),
    ...redrawn(name, was, now),
    ...shared(name, was, now),
    ...listed(name, was, now),
    ...(before !== undefined && hasRule(before) && !hasRule(after)
      ? [`the rule of flag "${name}" stays, and is asked for those who are in`]
      : []),
  ]
  const asleep =
    !was.enabled && !now.enabled ? [`flag "${name}" is switched off: nobody moves until it is enabled`] : []
  return lines.length === 0 ? [`flag "${name}" is written anew; nobody moves`] : [...lines, ...asleep]
}

const nobody: Rollout = { enabled: true, percent: 0, allow: [], deny: [] }

function switched(name: string, was: Rollout, now: Rollout): readonly string[] {
  if (was.enabled === now.enabled) return []
  return now.enabled
    ? [`flag "${name}" is switched on again: ${now.percent} % of the ${crowd(now)} are in`]
    : [`flag "${name}" is switched off: every program uses its own fallback, for everybody`]
}

function redrawn(name: string, was: Rollout, now: Rollout): readonly string[] {
  if (was.nodes === now.nodes) return []
  const by = now.nodes === undefined ? 'by user' : `by the node in "${now.nodes}"`
  return [`flag "${name}" goes ${by} now: every bucket is drawn anew`]
}

function shared(name: string, was: Rollout, now: Rollout): readonly string[] {
  if (was.percent === now.percent) return []
  const step = Math.round(Math.abs(now.percent - was.percent) * 100) / 100
  const line = `flag "${name}": ${was.percent} % to ${now.percent} % of the ${crowd(now)}`
  if (was.nodes !== now.nodes) return [line]
  return now.percent > was.percent
    ? [`${line}: ${step} % more come in, nobody who is in falls out`]
    : [`${line}: ${step} % fall out, the others stay in`]
}

function listed(name: string, was: Rollout, now: Rollout): readonly string[] {
  const line = (names: readonly string[], says: string) =>
    names.length === 0 ? [] : [`flag "${name}": ${quoted(names)} ${says}`]
  return [
    ...line(without(now.allow, was.allow), 'come in by name'),
    ...line(without(was.allow, now.allow), 'are not in by name any more'),
    ...line(without(now.deny, was.deny), 'are kept out by name'),
    ...line(without(was.deny, now.deny), 'are not kept out any more'),
  ]
}

function crowd(rollout: Rollout): string {
  return rollout.nodes === undefined ? 'users' : 'nodes'
}

function without(names: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others)
  return names.filter((name) => !known.has(name))
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name))
  return `${shown.join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`
}
