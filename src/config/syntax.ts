/** What a format has to know: reading a text, and edits as splices of it. The rest is the same for all: see `edits.ts`. */
import type { Json } from '../core/json.ts'

export interface Syntax {
  /** The value of a text. Error `config.syntax` with line and column; `file` is named in it. */
  read(text: string, file: string): Json
  /** What a value reads back as, once written: the formats without types read text. Undefined where it is written by leaving the key out. */
  normal(value: Json): Json | undefined
  /** Writes a scalar, a list or an empty map at `path`, there already or not. */
  put(text: string, path: readonly string[], value: Json): string
  /** Takes out what is at `path`. */
  cut(text: string, path: readonly string[]): string
  /** Renames the last part of `path` where it stands. */
  rekey(text: string, path: readonly string[], key: string): string
  /** Moves what is at `path`, with its source text and comments; undefined where only its value can be moved. */
  move(text: string, path: readonly string[], to: readonly string[]): string | undefined
  /** True where keys are one flat list of names, dots and all. */
  readonly flat?: boolean
}
