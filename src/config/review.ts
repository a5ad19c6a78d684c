/** A review of a configuration: references to the environment, and secrets that are no secret. Names keys, never values. */
import { block, type Finding, note, risk } from '../core/finding.ts'
import type { Json } from '../core/json.ts'
import type { ConfigDocument } from './document.ts'
import { partsOf } from './path.ts'

const reference = /\$\{([A-Za-z_]\w*)(?:(:?[-=?+])([^}]*))?\}/g
const secretName =
  /(^|[_.-]|(?<=[a-z]))(secret(_?key)?(_?base)?|password|passwd|passphrase|pass|pwd|token|credentials?|(api|private|access|encryption|signing)_?key|salt|dsn)$/i
const known =
  /^(default|changeit|admin|administrator|root|test|testing|example|sample|secret|password|passw0rd|letmein|qwerty|123456\d*|x{3,}|todo|tbd|none|placeholder|s3cret|your[-_ ].*|my[-_ ]?secret.*|<.*>)$/i
const anywhere =
  /default[-_ ]?(secret|password|token|key)|change[-_ ]?(me|this|in[-_ ]production)|insecure|do[-_ ]?not[-_ ]?use/i

/** One use of an environment variable in a value. `fallback` is what stands behind `:-`. */
export interface Reference {
  readonly key: string
  readonly name: string
  readonly fallback: string | undefined
}

/** The `${NAME}` in all values, with the keys that hold them. */
export function referencesIn(config: ConfigDocument): readonly Reference[] {
  return config.keys().flatMap((key) =>
    textsOf(config.get(key)!).flatMap((text) =>
      [...text.matchAll(reference)].map(([, name = '', how = '', fallback]) => ({
        key,
        name,
        fallback: /[-=]/.test(how) ? fallback : undefined,
      })),
    ),
  )
}

/** True where the last part of a key says that its value is a secret. */
export function isSecretKey(key: string): boolean {
  return secretName.test(partsOf(key).at(-1) ?? '')
}

/** `block` for a reference that is neither in `names` nor has a fallback; a note of all of them where no names are given. */
export function reviewReferences(config: ConfigDocument, names: readonly string[] | undefined): readonly Finding[] {
  const open = referencesIn(config).filter((each) => each.fallback === undefined)
  const wanted = [...new Set(open.map((each) => each.name))].sort()
  if (wanted.length === 0) return []
  if (names === undefined)
    return [
      note(
        'config.references',
        `"${config.file}" refers to ${quoted(wanted)}`,
        'see that the service finds them in its environment',
        wanted,
      ),
    ]
  return wanted
    .filter((name) => !names.includes(name))
    .map((name) => {
      const keys = open.filter((each) => each.name === name).map((each) => each.key)
      return block(
        'config.secret-missing',
        `"${config.file}" refers to "${name}" at ${quoted(keys)}, and the environment has no such variable`,
        `set ${name} in the environment of the service`,
        { name, keys },
      )
    })
}

/** `risk` for each secret whose value, or whose fallback, anyone would guess. */
export function reviewSecrets(config: ConfigDocument): readonly Finding[] {
  const guessed = config
    .keys()
    .filter((key) => isSecretKey(key) && textsOf(config.get(key)!).some((text) => isGuessable(text)))
  const fallbacks = referencesIn(config).filter(
    (each) =>
      each.fallback !== undefined && (isSecretKey(each.name) || isSecretKey(each.key)) && isGuessable(each.fallback),
  )
  const keys = [...new Set([...guessed, ...fallbacks.map((each) => each.key)])].sort()
  return keys.map((key) =>
    risk(
      'config.insecure-default',
      `"${key}" of "${config.file}" holds a value that anyone would guess`,
      `replace it by a reference such as \${${envName(key)}}, and set that to a value of its own`,
      { key },
    ),
  )
}

function isGuessable(text: string): boolean {
  return text.trim() === '' || known.test(text.trim()) || anywhere.test(text)
}

function envName(key: string): string {
  return partsOf(key)
    .join('_')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_')
    .replaceAll(/\W/g, '_')
    .toUpperCase()
}

function textsOf(value: Json): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap((each) => textsOf(each as Json))
    : []
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
