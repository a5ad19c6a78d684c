/** The host port: the machine the system runs on, measured. Read only. */

/** Bytes, cores and bits per second; null where this host cannot tell. `tools` are versions by program name. */
export interface Resources {
  readonly cpu: number
  readonly memoryBytes: number
  readonly diskFreeBytes: number
  readonly networkBitsPerSecond: number | null
}

/** Asks a machine. */
export interface HostReader {
  resources(path: string): Promise<Resources>
  /** What `program --version` prints as its version, or null when there is no such program. */
  version(program: string): Promise<string | null>
}

/** The port `host`. */
export interface HostPort {
  readonly facts: Record<never, never>
  readonly tools: Record<never, never>
  readonly read: HostReader
  readonly write: HostReader
}
