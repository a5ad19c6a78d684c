/** The rules of the house, as far as a test can hold them. The reasons stand in ARCHITECTURE.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtinKinds } from '../src/builtin.ts'
import { builtinKinds as shared } from '../src/builtin-labour.ts'
import { errorCodes } from '../src/core/errors.ts'

const root = join(import.meta.dirname, '..')
const src = join(root, 'src')

/** A folder's floor. Imports go to a lower floor, or stay in the room. */
const floors: { readonly [room: string]: number } = {
  core: 0,
  lens: 0,
  kinds: 2,
  recipes: 2,
  adapters: 2,
  views: 2,
  engine: 3,
  'builtin.ts': 3,
  'builtin-labour.ts': 3,
  // The command line opens the other doors.
  cli: 5,
  server: 4,
  web: 4,
  router: 4,
  middleware: 4,
  gateway: 4,
  testing: 4,
  'live-settings': 4,
  'live-flags': 4,
  init: 4,
  'index.ts': 4,
}
const floorOf = (room: string) => floors[room] ?? 1

interface Source {
  readonly path: string
  readonly room: string
  readonly text: string
  readonly lines: readonly string[]
  readonly imports: readonly string[]
}

const sources: readonly Source[] = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(src, join(entry.parentPath, entry.name)))
  .filter((path) => !path.endsWith('.test.ts'))
  .sort((a, b) => (a < b ? -1 : 1))
  .map((path) => {
    const text = readFileSync(join(src, path), 'utf8')
    const named = [...text.matchAll(/(?:from|import) '(\.[^']+)'/g), ...text.matchAll(/import\('(\.[^']+)'\)/g)]
    const imports = named.map((match) => relative(src, resolve(dirname(join(src, path)), match[1] ?? '')))
    return { path, room: path.split('/')[0] ?? path, text, lines: text.split('\n'), imports }
  })

/** The files of which a module needs more than types. */
function valuesFrom(path: string, text: string): readonly string[] {
  const statements = text.matchAll(/^(?:import|export) (?!type )([^'"]*?from )?'(\.[^']+)'/gm)
  return [...statements].flatMap(([, names, from]) => {
    const listed = /\{([^}]*)\}/.exec(names ?? '')?.[1]
    const onlyTypes = listed
      ?.split(',')
      .filter((name) => name.trim() !== '')
      .every((name) => name.trim().startsWith('type '))
    return onlyTypes ? [] : [relative(src, resolve(dirname(join(src, path)), from ?? ''))]
  })
}

const offenders = (broken: (source: Source) => readonly string[]) =>
  sources.flatMap((source) => broken(source).map((what) => `${source.path}: ${what}`))

describe('the house', () => {
  it('has imports that only go down the floors', () => {
    const sideways = offenders(({ path, room, imports }) =>
      imports.filter((to) => {
        const other = to.split('/')[0] ?? to
        if (other === room)
          return path.startsWith('kinds/')
            ? crossesKinds(path, to)
            : path.startsWith('adapters/') && crossesAdapters(path, to)
        return (
          floorOf(other) >= floorOf(room) &&
          !(floorOf(room) === 3 && floorOf(other) === 3) &&
          !(room === 'index.ts' || (floorOf(room) === 0 && other === 'core'))
        )
      }),
    )
    expect(sideways).toEqual([])
  })

  it('has no file that imports itself by way of others', () => {
    // Types of one lens hold lenses; what is loaded later, by `import()`, closes no circle while files are loaded.
    const needed = new Map(sources.map(({ path, text }) => [path, valuesFrom(path, text)]))
    const round: string[] = []
    const done = new Set<string>()
    const walk = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) round.push([...way.slice(way.indexOf(path)), path].join(' → '))
      else if (!done.has(path)) for (const next of needed.get(path) ?? []) walk(next, [...way, path])
      done.add(path)
    }
    for (const { path } of sources) walk(path, [])
    expect(round).toEqual([])
  })

  it('enters rooms by their door', () => {
    const furniture = offenders(({ room, imports }) =>
      imports.filter((to) => {
        const other = to.split('/')[0] ?? to
        const isRoom = !['core', 'builtin.ts', 'index.ts', 'kinds', 'adapters', 'engine', 'testing'].includes(other)
        // `status` has a door of its own: it must start at once.
        return isRoom && other !== room && to !== `${other}/index.ts` && to !== 'views/status.ts'
      }),
    )
    expect(furniture).toEqual([])
  })

  it('tells worker threads of every kind whose labour is shared', () => {
    const labouring = [...builtinKinds.values()].filter((kind) => kind.labour !== undefined)
    expect([...shared.keys()]).toEqual(labouring.map((kind) => kind.name))
  })

  it('keeps core and lens pure: nothing of node, no package but zod', () => {
    const impure = offenders(({ room, text }) => {
      if (floorOf(room) !== 0) return []
      return [...text.matchAll(/from '([^.'][^']*)'/g)].map((match) => match[1] ?? '').filter((name) => name !== 'zod')
    })
    expect(impure).toEqual([])
  })

  it('lets clock, chance and environment in at the doors only', () => {
    const taken = offenders(({ room, path, lines }) => {
      if (floorOf(room) >= 3 || path.startsWith('adapters/')) return []
      return lines.filter(
        (line) =>
          /\bDate\.now\(\)|\bnew Date\(\)|Math\.random\(\)|process\.(env|exit)/.test(line) &&
          !/^\s*(\*|\/\/)/.test(line),
      )
    })
    expect(taken).toEqual([])
  })

  it('asks nowhere which kind a step is', () => {
    const asking = offenders(({ path, lines }) =>
      path.startsWith('kinds/') ? [] : lines.filter((line) => /\.kind === '[a-z]+\.[a-z-]+'/.test(line)),
    )
    expect(asking).toEqual([])
  })

  it('has no drawers, no default exports, no any, and no file over 400 lines', () => {
    expect(
      sources
        .filter(({ path }) => /(^|\/)(utils?|helpers?|common|lib|misc|types|manager)(\/|\.ts$)/.test(path))
        .map(({ path }) => path),
    ).toEqual([])
    expect(offenders(({ lines }) => lines.filter((line) => line.startsWith('export default')))).toEqual([])
    expect(
      offenders(({ path, lines }) =>
        path === 'core/kind.ts'
          ? []
          : lines.filter((line) => /: any\b|\bas any\b|<any>|@ts-(ignore|nocheck)/.test(line)),
      ),
    ).toEqual([])
    expect(
      sources.filter(({ lines }) => lines.length > 400).map(({ path, lines }) => `${path}: ${lines.length}`),
    ).toEqual([])
  })

  it('opens every module with what it is', () => {
    expect(sources.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path)).toEqual([])
  })

  it('raises every error code, and no other', () => {
    const all = sources
      .filter(({ path }) => path !== 'core/errors.ts')
      .map(({ text }) => text)
      .join('\n')
    expect(Object.keys(errorCodes).filter((code) => !all.includes(`'${code}'`))).toEqual([])
  })
})

/** Kinds of one family may share files that are no kinds; families meet only in `builtin.ts` and `builtin-labour.ts`. */
function crossesKinds(path: string, to: string): boolean {
  const family = (each: string) => each.split('/').slice(0, 2).join('/')
  return path !== 'kinds/index.ts' && family(path) !== family(to)
}

function crossesAdapters(path: string, to: string): boolean {
  const guest = (each: string) => each.split('/')[1]?.replace(/\.ts$/, '')
  return guest(path) !== guest(to)
}
