/** A configuration file that can be edited, whatever its format. How an edit is made: `edits.ts`. */
import { ChangeoverError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import { removed, renamed, written } from './edits.ts'
import { env } from './env.ts'
import { ini } from './ini.ts'
import { json } from './json.ts'
import { type ConfigPath, dotted, partsOf } from './path.ts'
import type { Syntax } from './syntax.ts'
import { toml } from './toml.ts'
import { leaves, valueAt } from './value.ts'
import { yaml } from './yaml.ts'

const formats = { yaml, json, toml, ini, env } as const satisfies Record<string, Syntax>

export type ConfigFormat = keyof typeof formats
export const configFormats = Object.keys(formats) as readonly ConfigFormat[]

/** True where a format has one flat list of names, dots and all. */
export function isFlat(format: ConfigFormat): boolean {
  const syntax: Syntax = formats[format]
  return syntax.flat === true
}

/**
 * A text and its meaning; an edit gives another one. Bytes that an edit does not name stay as they are: comments, order, quotes, indentation,
 * anchors, line ends. Errors: `config.syntax` for a text that cannot be read, `config.refused` for an edit that it cannot take.
 */
export interface ConfigDocument {
  readonly file: string
  readonly format: ConfigFormat
  /** The value at a path, or undefined. In `.ini` and `.env` every value is text. */
  get(path: ConfigPath): Json | undefined
  /** Writes a value, there already or not. Nothing changes where it is there already. Where TOML would need a null, the key is left out. */
  set(path: ConfigPath, value: Json): ConfigDocument
  /** Takes a key out with all below it; nothing there is no error. Comment lines above it stay. */
  remove(path: ConfigPath): ConfigDocument
  /** Gives a key another path. Its source text and its comments go with it; maps that this leaves empty go. */
  rename(path: ConfigPath, to: ConfigPath): ConfigDocument
  /** The dotted paths of all leaves, sorted: scalars, lists, empty maps. Of a stream of several YAML documents, each begins with its number. */
  keys(): readonly string[]
  value(): Json
  text(): string
}

/** The format of a file by its name, or undefined. `.env`, `.env.local` and `app.env` are env files. */
export function formatOf(path: string): ConfigFormat | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
  if (/^\.env(\.|$)|\.env$/.test(name)) return 'env'
  const byEnd = {
    yml: 'yaml',
    yaml: 'yaml',
    json: 'json',
    jsonc: 'json',
    toml: 'toml',
    ini: 'ini',
    cfg: 'ini',
  } as const
  const end = name.slice(name.lastIndexOf('.') + 1)
  return Object.hasOwn(byEnd, end) && name.includes('.') ? byEnd[end as keyof typeof byEnd] : undefined
}

/** The dotted keys of a configuration file, sorted; none for a file of another kind. Error `config.syntax`. */
export function keysOf(path: string, text: string): readonly string[] {
  return formatOf(path) === undefined ? [] : openConfig(path, text).keys()
}

/** The text in `bytes`. Error `config.syntax` when they are not UTF-8: such a file would not come back byte for byte. */
export function decodeConfig(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new ChangeoverError(
      'config.syntax',
      `"${file}" is not UTF-8 text`,
      'convert it, for example with `iconv -t UTF-8`',
      { cause },
    )
  }
}

/** Opens a text. The format goes by the name of the file, unless it is given. */
export function openConfig(
  file: string,
  text: string,
  format: ConfigFormat | undefined = formatOf(file),
): ConfigDocument {
  if (format === undefined) {
    throw new ChangeoverError(
      'config.syntax',
      `the format of "${file}" is not known by its name`,
      `name a format: ${configFormats.join(', ')}`,
    )
  }
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  return documentOf(file, format, mark, text.slice(mark.length))
}

function documentOf(file: string, format: ConfigFormat, mark: string, text: string): ConfigDocument {
  const syntax: Syntax = formats[format]
  const value = syntax.read(text, file)
  const parts = (path: ConfigPath) => (syntax.flat && typeof path === 'string' ? [path] : partsOf(path))
  const next = (made: string) => (made === text ? self : documentOf(file, format, mark, made))
  const self: ConfigDocument = {
    file,
    format,
    get: (path) => valueAt(value, parts(path)),
    set: (path, to) => next(written(syntax, { file, text, value }, parts(path), to)),
    remove: (path) => next(removed(syntax, { file, text, value }, parts(path))),
    rename: (path, to) => next(renamed(syntax, { file, text, value }, parts(path), parts(to))),
    keys: () =>
      leaves(value)
        .map((path) => (syntax.flat ? path.join('.') : dotted(path)))
        .sort(),
    value: () => value,
    text: () => mark + text,
  }
  return self
}
