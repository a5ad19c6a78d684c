/** What a converter is: two halves for a path. */
import type { Conversion } from '../remember.ts'

export interface ConverterOptions {
  readonly by?: string | undefined
  readonly digits?: number | undefined
  readonly true?: string | undefined
  readonly false?: string | undefined
}

export interface Converter {
  /** One sentence for the reference. */
  readonly summary: string
  make(path: string, options: ConverterOptions): Conversion
}

export function turned(converter: Converter): Converter {
  return {
    summary: `the other way round: ${converter.summary}`,
    make: (path, options) => {
      const { name, forward, backward } = converter.make(path, options)
      return { name, forward: backward, backward: forward }
    },
  }
}
