/** `changeover init`: looks at a PostgreSQL and writes a first plan that runs. */
import type { Common, Door } from '../door.ts'

export interface InitOptions extends Common {
  readonly typescript?: boolean
  readonly dir?: string
}

export function init(_url: string | undefined, _options: InitOptions, _door: Door): Promise<number> {
  return Promise.resolve(1)
}
