/** A command as a person would type it, with the options that were given: what is proposed must do what was meant, and no more. */

/** `options` by their names in code; those that are absent or false are left out. */
export function spelled(words: string, options: object): string {
  const entries = Object.entries(options) as readonly (readonly [string, string | boolean | undefined])[]
  const given = entries.flatMap(([name, value]) => {
    if (name === 'color' || value === undefined || value === false) return []
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    return value === true ? [option] : [option, shellWord(value)]
  })
  return ['changeover', words, ...given].join(' ')
}

/** Quoted where a shell would read it otherwise. */
function shellWord(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
