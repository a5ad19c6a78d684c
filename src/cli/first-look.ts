/** Reads a plain `status` command line without the program. Anything it does not know makes it give up, so that the program complains. */

export interface PlainStatus {
  readonly file?: string
  readonly run?: string
  readonly json?: boolean
  readonly color?: boolean
  readonly watch?: boolean
}

const flags: Readonly<Record<string, Partial<PlainStatus>>> = {
  '--json': { json: true },
  '--watch': { watch: true },
  '-w': { watch: true },
  '--no-color': { color: false },
}

const named: Readonly<Record<string, 'file' | 'run'>> = { '-f': 'file', '--file': 'file', '--run': 'run' }

/** The options of `status`, in any order with it; undefined when the words are anything else. */
export function plainStatus(words: readonly string[]): PlainStatus | undefined {
  let found: PlainStatus = {}
  let asked = 0
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const name = named[word]
    const value = words[index + 1]
    if (word === 'status') asked += 1
    else if (flags[word]) found = { ...found, ...flags[word] }
    else if (name && value !== undefined && !value.startsWith('-')) {
      found = { ...found, [name]: value }
      index += 1
    } else return undefined
  }
  return asked === 1 ? found : undefined
}
