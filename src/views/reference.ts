/** Reference pages as Markdown, made from kinds, adapters, errors and schemas as they are in the code. Knows no folder of pages. */
import type { Json } from '../core/json.ts'
import { errorCodes } from '../core/errors.ts'
import type { PortName } from '../core/ports/index.ts'
import { md, mdBlock, mdCode, mdSections, mdTable } from './markdown.ts'
import { schemaRows } from './schema-table.ts'

/** What a reference says of a kind. `spec` is its JSON Schema. */
export interface KindWords {
  readonly name: string
  readonly summary: string
  readonly roles: { readonly [role: string]: PortName }
  readonly spec: Json
  readonly example: Json
  readonly gate: boolean
  readonly labour: boolean
}

export interface RecipeWords {
  readonly name: string
  readonly summary: string
  readonly spec: Json
  readonly example: Json
}

export interface AdapterWords {
  readonly name: string
  readonly summary: string
  readonly port: PortName
  readonly shape: Json
  readonly example: Json
}

export function kindList(kinds: readonly KindWords[]): readonly string[] {
  const rows = sorted(kinds).map((kind) => [mdCode(kind.name), asWritten(kind.summary), md(rolesIn(kind))])
  return mdTable(['kind', 'what it does', 'targets by role'], rows)
}

/** One kind: what it does, its targets, its spec field by field, and a step that is valid. */
export function kindPage(kind: KindWords, level = 1): string {
  return mdSections([
    [`${'#'.repeat(level)} ${kind.name}`],
    [asWritten(kind.summary)],
    kindTraits(kind),
    Object.keys(kind.roles).length === 0
      ? []
      : [
          'Targets by role:',
          '',
          ...Object.entries(kind.roles).map(
            ([role, port]) => `- ${mdCode(role)}: a target of the port ${mdCode(port)}`,
          ),
        ],
    specTable(kind.spec),
    ['A step of this kind:'],
    mdBlock(yamlLines(stepExample(kind), ''), 'yaml'),
  ])
}

function kindTraits(kind: KindWords): readonly string[] {
  const traits = [
    ...(kind.gate ? ['Only samples and judges: it may stand in `guards`.'] : []),
    ...(kind.labour ? ['Its work can be shared: `changeover worker` joins in.'] : []),
  ]
  return traits.length === 0 ? [] : [traits.join(' ')]
}

function stepExample(kind: KindWords): Json {
  const roles = Object.keys(kind.roles)
  const on = roles.length === 1 ? { on: 'main' } : { on: Object.fromEntries(roles.map((role) => [role, role])) }
  const id = kind.name.replace('.', '-')
  return [{ id, kind: kind.name, ...(roles.length === 0 ? {} : on), spec: kind.example }]
}

function specTable(schema: Json, shown: (path: string) => boolean = () => true): readonly string[] {
  const rows = schemaRows(schema)
    .filter((row) => shown(row.path))
    .map((row) => [
      mdCode(row.path),
      md(row.type),
      row.required ? 'yes' : row.default === undefined ? '' : `default ${mdCode(row.default)}`,
      asWritten(row.says),
    ])
  return rows.length === 0 ? ['It takes no spec.'] : mdTable(['spec', 'type', 'required', ''], rows)
}

export function kindsPage(kinds: readonly KindWords[]): string {
  const pages = sorted(kinds).map((kind) => [kindPage(kind, 2).trimEnd()])
  return mdSections([['# Kinds'], [generated], kindList(kinds), ...pages])
}

export function recipePage(recipe: RecipeWords, level = 1): string {
  const entry = [{ recipe: recipe.name, id: 'rollout', spec: recipe.example }]
  return mdSections([
    [`${'#'.repeat(level)} ${recipe.name}`],
    [asWritten(recipe.summary)],
    specTable(recipe.spec, (path) => !/(gates|guards)\[\]\./.test(path)),
    ['Gates and guards are written as the steps of a plan are; their `id` may be left away.'],
    ['In the `steps:` of a plan:'],
    mdBlock(yamlLines(entry, ''), 'yaml'),
  ])
}

export function recipeList(recipes: readonly RecipeWords[]): readonly string[] {
  return mdTable(
    ['recipe', 'what its steps do'],
    sorted(recipes).map((each) => [mdCode(each.name), asWritten(each.summary)]),
  )
}

export function recipesPage(recipes: readonly RecipeWords[]): string {
  const pages = sorted(recipes).map((each) => [recipePage(each, 2).trimEnd()])
  return mdSections([
    ['# Recipes'],
    [generated],
    [
      'A recipe is a spec in, steps out. In a YAML plan it stands where a step does; the plan is the steps it became: they are what is shown, hashed, approved and resumed. In TypeScript the same recipe is a function of `changeover` whose steps are spread into the plan.',
    ],
    recipeList(recipes),
    ...pages,
  ])
}

export function adapterPage(adapter: AdapterWords, level = 1): string {
  return mdSections([
    [`${'#'.repeat(level)} ${adapter.name}`],
    [asWritten(adapter.summary)],
    [`Port: ${mdCode(adapter.port)}.`],
    specTable(adapter.shape),
    ['A target of this adapter:'],
    mdBlock(yamlLines({ main: { adapter: adapter.name, config: adapter.example } }, ''), 'yaml'),
  ])
}

export function adapterList(adapters: readonly AdapterWords[]): readonly string[] {
  const rows = sorted(adapters).map((each) => [mdCode(each.name), asWritten(each.summary), mdCode(each.port)])
  return mdTable(['adapter', 'what it opens', 'port'], rows)
}

export function adaptersPage(adapters: readonly AdapterWords[]): string {
  const pages = sorted(adapters).map((each) => [adapterPage(each, 2).trimEnd()])
  return mdSections([['# Adapters'], [generated], adapterList(adapters), ...pages])
}

export function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(([code, means]) => [mdCode(code), asWritten(means)])
  return mdSections([
    ['# Errors'],
    [generated],
    ['Every error has a code, a message that says what is so, and help that says what to type or do next.'],
    mdTable(['code', 'what it means'], rows),
  ])
}

export function planPage(schema: Json): string {
  const rows = schemaRows(schema).map((row) => [
    mdCode(row.path),
    md(row.type),
    row.required ? 'yes' : row.default === undefined ? '' : `default ${mdCode(row.default)}`,
    asWritten(row.says),
  ])
  return mdSections([
    ['# The plan file'],
    [generated],
    [
      '`changeover.yaml` or `changeover.config.ts`, one shape for both. In an editor, `docs/reference/plan.schema.json` completes and checks it. Where a step stands, a recipe can: `recipe`, `id`, `spec`; see `changeover docs recipes`.',
    ],
    mdTable(['key', 'type', 'required', ''], rows),
  ])
}

/** Descriptions in the code are Markdown already; only a table's bar and a tag would break out of it. */
export function asWritten(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/[|<]/g, '\\$&')
}

export const generated = '<!-- Made from the code by `npm run docs`. Edit the code, not this page. -->'

function rolesIn(kind: KindWords): string {
  return Object.entries(kind.roles)
    .map(([role, port]) => `${role}: ${port}`)
    .join(', ')
}

function sorted<T extends { readonly name: string }>(list: readonly T[]): readonly T[] {
  return [...list].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** JSON as YAML: enough for examples, and always valid. */
export function yamlLines(value: Json, indent: string): readonly string[] {
  if (Array.isArray(value) && value.length > 0) {
    return (value as readonly Json[]).flatMap((each) => {
      const [first = '', ...rest] = yamlLines(each, `${indent}  `)
      return [`${indent}- ${first.trimStart()}`, ...rest]
    })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    return Object.entries(value as { readonly [key: string]: Json }).flatMap(([key, each]) => {
      const nested = typeof each === 'object' && each !== null && Object.keys(each).length > 0
      const name = /^[A-Za-z_][\w.-]*$/.test(key) && !/^(true|false|null)$/i.test(key) ? key : JSON.stringify(key)
      if (typeof each === 'string' && each.includes('\n') && !/^\s|\n\n$|[^\n]$/.test(each))
        return [
          `${indent}${name}: |`,
          ...each
            .trimEnd()
            .split('\n')
            .map((line) => (line === '' ? '' : `${indent}  ${line}`)),
        ]
      return nested ? [`${indent}${name}:`, ...yamlLines(each, `${indent}  `)] : [`${indent}${name}: ${scalar(each)}`]
    })
  }
  return [`${indent}${scalar(value)}`]
}

const yamlWords = /^(true|false|null|yes|no|on|off|y|n)$/i

function scalar(value: Json): string {
  const simple =
    typeof value === 'string' &&
    /^[A-Za-z_./][\w ./@-]*$/.test(value) &&
    !yamlWords.test(value) &&
    value.trim() === value
  return simple ? String(value) : JSON.stringify(value)
}
