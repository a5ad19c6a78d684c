/** The text of a flag file in YAML: flagd reads it as well. Comments and all other bytes stay. Knows no file system. */
import { isScalar, parseDocument } from 'yaml'
import { openConfig } from '../../config/index.ts'
import { ChangeoverError, isChangeoverError } from '../../core/errors.ts'
import { isObject, type Json, type JsonObject, own } from '../../core/json.ts'

export function isYaml(file: string): boolean {
  return /\.ya?ml$/i.test(file)
}

/** Throws `flags.invalid`, naming line and column. */
export function valueOfYaml(text: string, file: string): Json {
  try {
    return openConfig(file, text, 'yaml').value()
  } catch (error) {
    if (!isChangeoverError(error) || error.code !== 'config.syntax') throw error
    const [, place = '', what = error.message] = / (line \d+, column \d+): ([^]*)$/.exec(error.message) ?? []
    throw new ChangeoverError(
      'flags.invalid',
      `flag file "${file}" cannot be read${place === '' ? '' : ` at ${place}`}: ${what}`,
      'mend the YAML there; programs keep the last flags that could be read',
      { data: error.data },
    )
  }
}

/** The text with flags as they shall be; `flags` are all there are. Throws `flags.invalid` where the file cannot take that. */
export function editedYaml(text: string, flags: JsonObject, file: string): string {
  try {
    return openConfig(file, withStates(text, flags), 'yaml').set(['flags'], flags).text()
  } catch (error) {
    if (!isChangeoverError(error) || error.code !== 'config.refused') throw error
    throw new ChangeoverError('flags.invalid', `flag file "${file}": ${error.message}`, error.help)
  }
}

/** The states of all flags in one reading: a switch for thousands of them must not wait for thousands of readings. */
function withStates(text: string, flags: JsonObject): string {
  const document = parseDocument(text, { logLevel: 'error', prettyErrors: false })
  const splices = Object.entries(flags).flatMap(([name, flag]) => {
    const node = document.getIn(['flags', name, 'state'], true)
    const state = isObject(flag) ? own(flag, 'state') : undefined
    if (!isScalar(node) || !node.range || typeof state !== 'string' || node.value === state) return []
    const [from, to] = node.range
    return [{ from, to, by: text.slice(from, to).replace(String(node.value), state) }]
  })
  splices.sort((one, other) => one.from - other.from)
  let end = 0
  const pieces = splices.flatMap(({ from, to, by }) => {
    const piece = [text.slice(end, from), by]
    end = to
    return piece
  })
  return [...pieces, text.slice(end)].join('')
}
