/** `changeover completion`: scripts for shells, made from the table of commands. */
import { ChangeoverError, suggestion } from '../../core/errors.ts'
import { commands, type CommandSpec, commonOptions, type OptionSpec, saysOf, wordOf } from '../command-table.ts'
import type { Door } from '../door.ts'

const shells: Readonly<Record<string, () => string>> = { bash, zsh, fish }

export function completion(shell: string | undefined, door: Door): Promise<number> {
  const script = shells[shell ?? '']
  if (!script) {
    const message = `there is no completion for "${shell ?? ''}"${suggestion(shell ?? '', Object.keys(shells))}`
    throw new ChangeoverError('usage.unknown', message, `shells: ${Object.keys(shells).join(', ')}`)
  }
  door.out(script())
  return Promise.resolve(0)
}

function flagsOf(options: readonly OptionSpec[]): readonly string[] {
  return options.flatMap((each) => each.flags.match(/--[a-z-]+|-[a-z]\b/g) ?? [])
}

function wordsAfter({ next }: CommandSpec): readonly string[] {
  return next === undefined || next === 'file' ? [] : next
}

function takesFile(option: OptionSpec): boolean {
  return /<(path|file)>/.test(option.flags)
}

function bash(): string {
  const cases = commands.map((spec) => {
    const words = [...wordsAfter(spec), ...flagsOf([...spec.options, ...commonOptions])]
    const files = spec.next === 'file' ? ' files="-f"' : ''
    return `    ${wordOf(spec)}) words="${words.join(' ')}"${files} ;;`
  })
  const filing = flagsOf([...commonOptions, ...commands.flatMap(({ options }) => options)].filter(takesFile))
  return `# bash completion for changeover: source <(changeover completion bash)
_changeover() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" files="" each
  case "$before" in ${[...new Set(filing)].join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;; esac
  case "$before" in --format) COMPREPLY=($(compgen -W "html markdown json" -- "$word")); return ;; esac
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$each" in ${commands.map(wordOf).join('|')}) command="$each"; break ;; esac
  done
  case "$command" in
${cases.join('\n')}
    *) words="${[...commands.map(wordOf), 'help', ...flagsOf(commonOptions)].join(' ')}" ;;
  esac
  COMPREPLY=($(compgen $files -W "$words" -- "$word"))
}
complete -F _changeover changeover
`
}

function zsh(): string {
  const quote = (text: string): string =>
    text.replace(/[[\]:']/g, (letter) => (letter === "'" ? "'\\''" : `\\${letter}`))
  const spec = (each: OptionSpec): string => {
    const value = /<([^>]+)>/.exec(each.flags)?.[1]
    const action = takesFile(each) ? '_files' : ''
    return flagsOf([each])
      .map(
        (flag) =>
          `'${each.many ? '*' : ''}${flag}[${quote(saysOf(each))}]${value === undefined ? '' : `:${value}:${action}`}'`,
      )
      .join(' ')
  }
  const cases = commands.map((each) => {
    const words = wordsAfter(each)
    const after = each.next === 'file' ? " '1:file:_files'" : words.length === 0 ? '' : ` '1:word:(${words.join(' ')})'`
    return `    ${wordOf(each)}) _arguments ${[...each.options, ...commonOptions].map(spec).join(' ')}${after} ;;`
  })
  return `#compdef changeover
# zsh completion for changeover: changeover completion zsh > "\${fpath[1]}/_changeover"
_changeover() {
  local -a commands=(
${commands.map((each) => `    '${wordOf(each)}:${quote(each.summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command="\${words[2]}"
  shift words; (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _changeover changeover
`
}

function fish(): string {
  const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
  const option = (each: OptionSpec, when: string): string => {
    const long = /--([a-z-]+)/.exec(each.flags)?.[1] ?? ''
    const short = /^-([a-z]),/.exec(each.flags)?.[1]
    const value = /<([^>]+)>/.exec(each.flags)?.[1]
    const needs = value === undefined ? '' : takesFile(each) ? ' -r -F' : ' -x'
    return `complete -c changeover ${when}-l ${long}${short === undefined ? '' : ` -s ${short}`}${needs} -d ${quote(saysOf(each))}`
  }
  const lines = commands.flatMap((each) => {
    const when = `-n "__fish_seen_subcommand_from ${wordOf(each)}" `
    const words = wordsAfter(each)
    return [
      `complete -c changeover -n __fish_use_subcommand -a ${wordOf(each)} -d ${quote(each.summary)}`,
      ...(words.length === 0 ? [] : [`complete -c changeover ${when}-a ${quote(words.join(' '))}`]),
      ...(each.next === 'file' ? [`complete -c changeover ${when}-F`] : []),
      ...each.options.map((one) => option(one, when)),
    ]
  })
  return `# fish completion for changeover: changeover completion fish > ~/.config/fish/completions/changeover.fish
complete -c changeover -f
${commonOptions.map((each) => option(each, '')).join('\n')}
${lines.join('\n')}
`
}
