/** `assess.compatibility`: the matrix of components, and go or no-go. Judges what people wrote down; measures and changes nothing. */
import { z } from 'zod'
import { block, type Finding, note, risk } from '../../core/finding.ts'
import type { Json } from '../../core/json.ts'
import { defineKind } from '../../core/kind.ts'

const action = z.union([z.string(), z.strictObject({ action: z.string(), done: z.boolean().default(false) })])
const component = z
  .strictObject({
    status: z.enum(['compatible', 'api-change', 'deprecated', 'incompatible']).optional(),
    /** The short form: true is `compatible`; false is `api-change` where an action helps, and `incompatible` where none does. */
    compatible: z.boolean().optional(),
    issues: z.array(z.string()).default([]),
    requiredActions: z.array(action).default([]),
    breakingChanges: z.array(z.string()).default([]),
  })
  .refine((each) => each.status !== undefined || each.compatible !== undefined, {
    error: 'say "status" or "compatible"',
  })

const spec = z.strictObject({
  components: z.record(z.string(), component),
  dataMigration: z
    .strictObject({
      required: z.boolean(),
      complexity: z.enum(['low', 'medium', 'high']),
      estimatedDuration: z.number(),
    })
    .optional(),
  configurationChanges: z
    .strictObject({
      breaking: z.array(z.string()).default([]),
      deprecated: z.array(z.string()).default([]),
      newRequired: z.array(z.string()).default([]),
    })
    .optional(),
  /** Components that go on in spite of being incompatible, with the reason. */
  accepted: z.record(z.string(), z.string()).default({}),
})
type Spec = z.infer<typeof spec>
type Status = 'compatible' | 'api-change' | 'deprecated' | 'incompatible'

interface Row {
  readonly name: string
  readonly status: Status
  readonly issues: readonly string[]
  readonly open: readonly string[]
  readonly done: readonly string[]
  readonly breaking: readonly string[]
}

export const assessCompatibility = defineKind({
  name: 'assess.compatibility',
  summary: 'Judges a matrix of components: what fits, what changes, what must be done first; go or no-go.',
  roles: {},
  spec,
  example: {
    components: {
      api: {
        status: 'api-change',
        requiredActions: ['serve v3 by the proxy'],
        breakingChanges: ['X-API-Key becomes Bearer'],
      },
      models: { compatible: true },
    },
  },

  plan(given: Spec) {
    const rows = Object.entries(given.components).map(([name, each]) => rowOf(name, each))
    const findings = [...rows.flatMap((row) => judge(row, given.accepted)), ...others(given)]
    const go = !findings.some((each) => each.level === 'block')
    const report = reportOf(rows, given, go)
    const verdict = go
      ? note('assess.go', `go: ${countsOf(rows)}`, 'nothing to do', report)
      : block(
          'assess.no-go',
          `no-go: ${countsOf(rows)}`,
          'end the findings that block, or accept them by name under "accepted"',
          report,
        )
    return {
      work: { report },
      predicted: {},
      preview: [
        ...rows.map(
          (row) => `${row.name}: ${row.status}${row.open.length === 0 ? '' : `, to do: ${row.open.join('; ')}`}`,
        ),
        go ? 'go' : 'no-go',
      ],
      undo: 'exact',
      findings: [...findings, verdict],
    }
  },

  async *apply(work) {
    yield { at: work.report }
  },

  async *rollback() {},
})

function rowOf(name: string, each: Spec['components'][string]): Row {
  const actions = each.requiredActions.map((one) => (typeof one === 'string' ? { action: one, done: false } : one))
  const short: Status = each.compatible === true ? 'compatible' : actions.length > 0 ? 'api-change' : 'incompatible'
  return {
    name,
    status: each.status ?? short,
    issues: each.issues,
    open: actions.filter((one) => !one.done).map((one) => one.action),
    done: actions.filter((one) => one.done).map((one) => one.action),
    breaking: each.breakingChanges,
  }
}

function judge(row: Row, accepted: Spec['accepted']): readonly Finding[] {
  const data: Json = {
    component: row.name,
    status: row.status,
    issues: [...row.issues],
    open: [...row.open],
    breaking: [...row.breaking],
  }
  const todo = row.open.length === 0 ? 'see that clients are ready' : `do: ${row.open.join('; ')}`
  const why = [...row.breaking, ...row.issues].join('; ')
  const said = why === '' ? '' : `: ${why}`
  if (row.status === 'incompatible') {
    const reason = accepted[row.name]
    if (reason !== undefined)
      return [risk('assess.incompatible', `"${row.name}" is incompatible, and accepted: ${reason}`, todo, data)]
    return [
      block(
        'assess.incompatible',
        `"${row.name}" is incompatible${said}`,
        row.open.length === 0 ? 'replace it, or accept it by name under "accepted"' : todo,
        data,
      ),
    ]
  }
  if (row.status === 'api-change')
    return [
      (row.open.length > 0 || row.breaking.length > 0 ? risk : note)(
        'assess.api-change',
        `"${row.name}" changes its interface${said}`,
        todo,
        data,
      ),
    ]
  if (row.status === 'deprecated') return [risk('assess.deprecated', `"${row.name}" is deprecated${said}`, todo, data)]
  return row.issues.length + row.open.length + row.breaking.length === 0
    ? []
    : [note('assess.compatible', `"${row.name}" fits${said}`, todo, data)]
}

function others({ dataMigration, configurationChanges: keys }: Spec): readonly Finding[] {
  const found: Finding[] = []
  if (dataMigration?.required)
    found.push(
      (dataMigration.complexity === 'high' ? risk : note)(
        'assess.data',
        `data must be migrated: complexity ${dataMigration.complexity}, about ${dataMigration.estimatedDuration} minutes`,
        'see the steps of the plan that do it',
        dataMigration,
      ),
    )
  if (keys && keys.breaking.length > 0)
    found.push(
      risk(
        'assess.config-breaking',
        `configuration keys change: ${keys.breaking.join(', ')}`,
        'map them with `config.rewrite`',
        keys.breaking,
      ),
    )
  if (keys && keys.deprecated.length > 0)
    found.push(
      note(
        'assess.config-deprecated',
        `configuration keys are deprecated: ${keys.deprecated.join(', ')}`,
        'replace them in time',
        keys.deprecated,
      ),
    )
  if (keys && keys.newRequired.length > 0)
    found.push(
      risk(
        'assess.config-required',
        `configuration keys are newly required: ${keys.newRequired.join(', ')}`,
        'set them with `config.rewrite`',
        keys.newRequired,
      ),
    )
  return found
}

function countsOf(rows: readonly Row[]): string {
  return (['compatible', 'api-change', 'deprecated', 'incompatible'] as const)
    .map((status) => `${rows.filter((row) => row.status === status).length} ${status}`)
    .join(', ')
}

function reportOf(rows: readonly Row[], given: Spec, go: boolean): Json {
  return {
    go,
    components: rows.map((row) => ({
      ...row,
      issues: [...row.issues],
      open: [...row.open],
      done: [...row.done],
      breaking: [...row.breaking],
    })),
    dataMigration: given.dataMigration ?? null,
    configurationChanges: given.configurationChanges ?? null,
  }
}
