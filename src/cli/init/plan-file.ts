/** The first plan as a file that a person goes on from: YAML or TypeScript, with comments that say what comes next. Pure. */
import type { Json } from '../../core/json.ts'
import { bytes, count, plural, yamlLines } from '../../views/index.ts'
import { type FirstPlan, type SeenDatabase, type SeenTable } from './first-plan.ts'

export function planYaml(first: FirstPlan, seen: SeenDatabase): string {
  const { targets, steps, ...rest } = first.plan
  const { checklist, ...head } = rest
  const sections = [
    comment(opening(first, seen), '#'),
    yamlLines(head as unknown as Json, ''),
    ['# The password stays in the environment.', ...yamlLines({ targets } as unknown as Json, '')],
    [...yamlLines({ steps } as unknown as Json, ''), ...comment(nextStep(first.chosen), '  #')],
    checklist === undefined ? [] : yamlLines({ checklist } as unknown as Json, ''),
  ]
  return joined(sections)
}

export function planTypeScript(first: FirstPlan, seen: SeenDatabase): string {
  const text = JSON.stringify(first.plan, null, 2)
    .replace(/\[\s+("[^"]*")\s+\]/g, '[$1]')
    .replace(/^(\s*)"([A-Za-z_$][\w$]*)":/gm, '$1$2:')
  const body = text.split('\n').map((line) => line.replace(/"((?:[^"\\]|\\.)*)"/g, (_, inner: string) => quoted(inner)))
  const sections = [
    comment(opening(first, seen), '//'),
    ["import type { ChangeoverInput } from 'changeover'"],
    ['// The password stays in the environment: ${DATABASE_URL} is filled in when a target is opened.'],
    [`const plan: ChangeoverInput = ${body.join('\n')}`],
    comment(nextStep(first.chosen), '//'),
    ['export default plan'],
  ]
  return joined(sections)
}

/** The text of a JSON string as a TypeScript one in single quotes. */
function quoted(inner: string): string {
  return `'${inner.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

function opening(first: FirstPlan, seen: SeenDatabase): readonly string[] {
  const all = seen.tables.reduce((sum, table) => sum + table.bytes, 0)
  const largest = [...seen.tables].sort((a, b) => b.bytes - a.bytes).slice(0, 5)
  return [
    `Written by \`changeover init\`: it saw "${seen.name}" on PostgreSQL ${seen.version}, ${plural(seen.tables.length, 'table')}, ${bytes(all)}.`,
    ...largest.map((table) => `  ${table.schema}.${table.name}: ${rowsOf(table)}, ${bytes(table.bytes)}`),
    '',
    first.chosen === undefined
      ? 'It only looks: there is no table with a primary key, of up to 1 GB, to show a change on.'
      : `It adds one empty column to ${first.chosen.schema}.${first.chosen.name}. Nothing is done before \`changeover run\`:`,
    '  changeover plan       what would be done, with locks, sizes and the way back',
    '  changeover run        do it',
    '  changeover report     what happened, as a page to show around',
    '  changeover rollback   and everything is as it was',
  ]
}

/** `about 1,200 rows`; a table that was never analysed has no figure yet. */
export function rowsOf({ rows }: SeenTable): string {
  return rows === null ? 'rows not estimated yet' : `about ${count(rows)} rows`
}

function nextStep(chosen: SeenTable | undefined): readonly string[] {
  const name = chosen === undefined ? 'public.your_table' : `${chosen.schema}.${chosen.name}`
  return [
    `From here: fill a column of ${name} from others with a lens, in chunks, under load:`,
    '  changeover docs data.transform',
    'Every kind of step:',
    '  changeover docs kinds',
  ]
}

/** Each on one line, whatever a table is called. */
function comment(lines: readonly string[], sign: string): readonly string[] {
  return lines.map((line) => `${sign} ${line.replace(/[\r\n\u2028\u2029]+/g, ' ')}`.trimEnd())
}

function joined(sections: readonly (readonly string[])[]): string {
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}
