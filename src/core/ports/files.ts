/** The files port: a folder of configuration, data or backups. Paths are relative to it, with `/`. Knows no file system. */

/** Only the files that the target is told to watch. `keys` are the dotted keys of a configuration file; never a value. */
export type FileFacts = {
  readonly files: { readonly [path: string]: { readonly digest: string; readonly keys: readonly string[] } }
}

/** Reads below one folder. */
export interface FileReader {
  /** Paths below the folder that match any of the globs (`**`, `*`, `?`), sorted. */
  list(globs: readonly string[]): Promise<readonly string[]>
  /** The whole file, or null where there is none. */
  read(path: string): Promise<Buffer | null>
  stream(path: string): AsyncIterable<Buffer>
  /** SHA-256 in hex and the size in bytes, or null where there is none. */
  digest(path: string): Promise<{ readonly sha256: string; readonly bytes: number } | null>
  /** Bytes that can still be written. */
  free(): Promise<number>
}

/** Writes below one folder. */
export interface FileWriter extends FileReader {
  /** Replaces the whole file at once: a reader sees the old bytes or the new ones. Durable when it returns. */
  write(path: string, bytes: Buffer): Promise<void>
  /** Like `write`, for more than fits in memory. Leaves nothing behind when it fails. */
  pour(path: string, bytes: AsyncIterable<Buffer>): Promise<{ readonly sha256: string; readonly bytes: number }>
  /** Removes a file or a folder with all that is in it; nothing there is no error. */
  remove(path: string): Promise<void>
}

/** The port `files`. */
export interface FilesPort {
  readonly facts: FileFacts
  readonly tools: Record<never, never>
  readonly read: FileReader
  readonly write: FileWriter
}
