/** Writes the reference pages from the code; with `--check` only compares, and fails where a page is not what the code says. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { commands, type CommandSpec, commonOptions, type OptionSpec, saysOf, wordOf } from '../src/cli/command-table.ts'
import { exitCodes } from '../src/cli/exit.ts'
import {
  converterNames,
  describedAdapters,
  describedKinds,
  describedOperations,
  describedRecipes,
  planSchema,
  writtenPlanSchema,
} from '../src/cli/reference.ts'
import {
  adaptersPage,
  errorsPage,
  generated,
  kindsPage,
  lensPage,
  md,
  mdCode,
  mdSections,
  mdTable,
  planPage,
  recipesPage,
} from '../src/views/index.ts'

const root = join(import.meta.dirname, '..')

const pages: Readonly<Record<string, string>> = {
  'docs/errors.md': errorsPage(),
  'docs/reference/kinds.md': kindsPage(describedKinds()),
  'docs/reference/recipes.md': recipesPage(describedRecipes()),
  'docs/reference/adapters.md': adaptersPage(describedAdapters()),
  'docs/reference/plan.md': planPage(planSchema()),
  'docs/reference/plan.schema.json': `${JSON.stringify(writtenPlanSchema(), null, 2)}\n`,
  'docs/reference/cli.md': cliPage(),
  'docs/reference/events.md': eventsPage(),
  'docs/reference/findings.md': findingsPage(),
  'docs/reference/lens.md': lensPage(describedOperations(), converterNames()),
}

function cliPage(): string {
  const exits = Object.values(exitCodes).map((each) => [String(each.code), each.means])
  return mdSections([
    ['# The command line'],
    [generated],
    ['Options for every command:'],
    optionTable(commonOptions),
    ...commands.flatMap(commandSections),
    ['## Exit codes'],
    mdTable(['code', 'what it means'], exits),
    ['## JSON'],
    [
      'With `--json` stdout holds one JSON object a line; with `--out` the file has it, and stdout says where. `run`, `resume`, `abort` and `rollback` print each event and end with an object of the type `run.summary`, which has `phase`, `steps` and `exit`. An error is the last object: `{ "error": { "code", "message", "help" }, "exit" }`; nothing is on stderr then but what the tool says by the way.',
    ],
  ])
}

function commandSections(spec: CommandSpec): readonly (readonly string[])[] {
  return [
    [`## changeover ${wordOf(spec)}`],
    [`\`changeover ${spec.usage}\`: ${spec.summary}.${spec.more === undefined ? '' : ` ${spec.more}`}`],
    spec.options.length === 0 ? [] : optionTable(spec.options),
    ['```sh', ...spec.examples.map(([command, says]) => `${command}   # ${says}`), '```'],
  ]
}

function optionTable(options: readonly OptionSpec[]): readonly string[] {
  return mdTable(
    ['option', ''],
    options.map((each) => [mdCode(each.flags), saysOf(each).replace(/[|<]/g, '\\$&')]),
  )
}

/** The union of happenings as it is written in the code: a type and its fields. */
function eventsPage(): string {
  const text = readFileSync(join(root, 'src/core/event.ts'), 'utf8')
  const union = text.slice(text.indexOf('export type Happening'), text.indexOf('/** `at` is ISO 8601'))
  const rows = union
    .split(/\n  \| /)
    .slice(1)
    .map((happening) => {
      const type = /readonly type: '([a-z.]+)'/.exec(happening)?.[1] ?? ''
      const body = happening.trim().replace(/^\{|\}$/g, '')
      const fields = body
        .split(/\n|;(?= readonly \w+\??:)/)
        .flatMap((line) => /readonly (?!type:)(\w+\??: .+)/.exec(line)?.[1] ?? [])
      return [mdCode(type), fields.map((field) => mdCode(field.trim())).join(', ')]
    })
  return mdSections([
    ['# Events'],
    [generated],
    [
      'A run is its events; all that is shown is folded from them. Each has `seq`, from 1, and `at`, ISO 8601 in UTC. The journal is a file of JSON lines below `.changeover/`, or a table in PostgreSQL (`journal: { postgres: … }`).',
    ],
    mdTable(['event', 'fields'], rows),
    [
      '```sh',
      'changeover events --filter type=step.*   # read them',
      'changeover events --json --follow         # as they come',
      '```',
    ],
  ])
}

/** Every finding that the code can make: its level and code, and where it is made. */
function findingsPage(): string {
  const found = new Map<string, { levels: Set<string>; files: Set<string> }>()
  for (const file of sources(join(root, 'src'))) {
    const text = readFileSync(file, 'utf8')
    for (const [, level = '', code = ''] of text.matchAll(/\b(note|risk|block)\(\s*'([a-z]+\.[a-z.-]+)'/g)) {
      const entry = found.get(code) ?? { levels: new Set(), files: new Set() }
      entry.levels.add(level)
      entry.files.add(relative(root, file))
      found.set(code, entry)
    }
  }
  const rows = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { levels, files }]) => [
      mdCode(code),
      [...levels].join(', '),
      [...files].map((file) => mdCode(file)).join(', '),
    ])
  return mdSections([
    ['# Findings'],
    [generated],
    [
      'A finding says what is so and what ends it: a `note` is worth knowing, a `risk` may hurt, a `block` stops the run until it is ended.',
    ],
    mdTable([md('code'), 'level', 'made in'], rows),
  ])
}

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/testing/'))
    .sort()
}

const stale = Object.entries(pages).filter(([path, text]) => {
  const file = join(root, path)
  return !existsSync(file) || readFileSync(file, 'utf8') !== text
})

if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is not what the code says: run \`npm run docs\``)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(path)
  }
}
