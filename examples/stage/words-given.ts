/** The options that an example was started with; one that it does not know is said in a line, with all that there are. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { refuse } from './end.ts'

export function wordsGiven<const O extends NonNullable<ParseArgsConfig['options']>>(options: O) {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('. ')
    return refuse(`${line}; --help shows what there is`)
  }
}
