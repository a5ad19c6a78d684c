/** `changeover docs`: pages of this package, and pages made from kinds, recipes, adapters and errors as they are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChangeoverError, errorCodes, suggestion } from '../../core/errors.ts'
import {
  adapterList,
  adapterPage,
  errorsPage,
  kindList,
  kindPage,
  lensPage,
  mdTable,
  planPage,
  recipeList,
  recipePage,
} from '../../views/index.ts'
import type { Common, Door } from '../door.ts'
import { exitCodes } from '../exit.ts'
import { packageFolder } from '../package.ts'

interface Topic {
  readonly name: string
  readonly says: string
  /** Listed by `docs` itself; the rest is found by its name. */
  readonly listed: boolean
  page(): Promise<string> | string
}

export async function docs(wanted: string | undefined, options: Common, door: Door): Promise<number> {
  const near = [...general(), ...written(), ...errors(), ...findings()]
  if (wanted === undefined) return listAll([...near, ...(await fromCode())], options, door)
  // A page that is at hand is shown without loading every kind.
  const topic = named(near, wanted) ?? named(await fromCode(), wanted)
  if (!topic) throw unknownTopic(wanted, [...near, ...(await fromCode())])
  const page = await topic.page()
  if (options.json) door.out(`${JSON.stringify({ topic: topic.name, markdown: page })}\n`)
  else door.out(page)
  return 0
}

function named(topics: readonly Topic[], wanted: string): Topic | undefined {
  return topics.find((each) => each.name.toLowerCase() === wanted.toLowerCase())
}

function listAll(topics: readonly Topic[], options: Common, door: Door): number {
  if (options.json) door.out(`${JSON.stringify({ topics: topics.map(({ name, says }) => ({ name, says })) })}\n`)
  else
    door.out(
      list(
        topics.filter((topic) => topic.listed),
        door,
      ),
    )
  return 0
}

function unknownTopic(wanted: string, topics: readonly Topic[]): ChangeoverError {
  const names = topics.map((each) => each.name)
  const alike = names.filter((name) => name.includes(wanted) || wanted.includes(name)).slice(0, 8)
  const help = alike.length === 0 ? '`changeover docs` lists the topics' : `near it: ${alike.join(', ')}`
  return new ChangeoverError('usage.unknown', `there is no topic "${wanted}"${suggestion(wanted, names)}`, help)
}

function list(topics: readonly Topic[], door: Door): string {
  const widest = Math.max(...topics.map((topic) => topic.name.length))
  const lines = topics.map((topic) => `  ${door.paint.name(topic.name.padEnd(widest))}  ${topic.says}`)
  return `${lines.join('\n')}\n\n\`changeover docs TOPIC\` shows one; so does the name of a kind, a recipe or an adapter, and the code of an error or a finding.\n`
}

function general(): readonly Topic[] {
  return [
    { name: 'errors', says: 'every error code and what it means', listed: true, page: errorsPage },
    { name: 'exit-codes', says: 'what the exit codes promise', listed: true, page: exitCodesPage },
    {
      name: 'plan',
      says: 'the plan file, key by key',
      listed: true,
      page: async () => planPage((await import('../reference.ts')).planSchema()),
    },
  ]
}

function exitCodesPage(): string {
  const rows = Object.values(exitCodes).map((each) => [String(each.code), each.means])
  return `# Exit codes\n\n${mdTable(['code', 'what it means'], rows).join('\n')}\n`
}

function errors(): readonly Topic[] {
  return Object.entries(errorCodes).map(([code, means]) => ({
    name: code,
    says: means,
    listed: false,
    page: () => `# ${code}\n\n${means}\n`,
  }))
}

/** The code of a finding stands beside each; its level and place are on a page that is made from the code. */
function findings(): readonly Topic[] {
  const path = join(packageFolder, 'docs', 'reference', 'findings.md')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return [...text.matchAll(/^\| `([a-z.-]+)` \| ([a-z, ]+) \| (.+) \|$/gm)].map(
    ([, code = '', levels = '', files = '']) => ({
      name: code,
      says: `a finding: ${levels}`,
      listed: false,
      page: () =>
        `# ${code}\n\nA finding, ${levels.replaceAll(', ', ' or ')}: what is so is its message, and what ends it stands behind its arrow.\n\nMade in ${files}.\n\n${levelWords}\n`,
    }),
  )
}

const levelWords = 'A `note` is worth knowing, a `risk` may hurt, a `block` stops the run until it is ended.'

async function fromCode(): Promise<readonly Topic[]> {
  const { converterNames, describedAdapters, describedKinds, describedOperations, describedRecipes } =
    await import('../reference.ts')
  const [kinds, adapters, recipes] = [describedKinds(), describedAdapters(), describedRecipes()]
  return [
    {
      name: 'kinds',
      says: 'every kind of step, in a line',
      listed: true,
      page: () => `# Kinds\n\n${kindList(kinds).join('\n')}\n`,
    },
    {
      name: 'recipes',
      says: 'specs that become steps: schedules',
      listed: true,
      page: () => `# Recipes\n\n${recipeList(recipes).join('\n')}\n`,
    },
    {
      name: 'adapters',
      says: 'what targets can be opened',
      listed: true,
      page: () => `# Adapters\n\n${adapterList(adapters).join('\n')}\n`,
    },
    {
      name: 'lens',
      says: 'two-way mappings: every operation with an example',
      listed: true,
      page: () => lensPage(describedOperations(), converterNames()),
    },
    ...kinds.map((kind) => ({ name: kind.name, says: kind.summary, listed: false, page: () => kindPage(kind) })),
    ...recipes.map((each) => ({ name: each.name, says: each.summary, listed: false, page: () => recipePage(each) })),
    ...adapters.map((each) => ({ name: each.name, says: each.summary, listed: false, page: () => adapterPage(each) })),
  ]
}

/** Pages that people wrote: how-tos and the reference, by the names of their files. */
function written(): readonly Topic[] {
  const made = new Set(['kinds', 'recipes', 'adapters', 'plan', 'errors', 'lens'])
  return ['how-to', 'reference', 'design', '.'].flatMap((folder) => {
    const at = join(packageFolder, 'docs', folder)
    const names = existsSync(at) ? readdirSync(at).filter((name) => name.endsWith('.md')) : []
    return names.flatMap((file): Topic[] => {
      const name = file.replace(/\.md$/, '')
      if (made.has(name)) return []
      const text = (): string => readFileSync(join(at, file), 'utf8')
      const title = /^# (.+)$/m.exec(text())?.[1] ?? name
      return [{ name, says: title, listed: folder !== 'design', page: text }]
    })
  })
}
