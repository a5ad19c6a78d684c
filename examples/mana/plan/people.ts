/** Where people come in: the team is told, and somebody is asked. While they think, guards watch on. */
import type { Environment } from '../service-words.ts'
import { alertGuards } from './alerts.ts'

export const tell = (id: string, outcome: string, stage: string) => ({
  id,
  kind: 'notify.webhook',
  title: 'Tell the team',
  on: 'team',
  spec: { outcome, onRollback: `is turned back (${id})` },
  stage,
})

interface Question {
  readonly id: string
  readonly title: string
  /** What whoever agrees agrees to. */
  readonly items: readonly string[]
  readonly approval: string
  /** Where v2 answers already. */
  readonly watched: readonly Environment[]
  readonly stage: string
}

export const ask = ({ id, title, items, approval, watched, stage }: Question) => ({
  id,
  kind: 'gate.confirm',
  title,
  spec: { items: [...items] },
  approval,
  guards: alertGuards(id, watched),
  stage,
})
