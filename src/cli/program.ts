/** The command line as a whole: commander made from the table, and its complaints in our words. */
import { Command, CommanderError, Option } from 'commander'
import { ChangeoverError, suggestion } from '../core/errors.ts'
import { commands, type CommandSpec, commonOptions, type OptionSpec, saysOf, wordOf } from './command-table.ts'
import { type Common, processDoor } from './door.ts'
import { showFailure } from './failure.ts'
import { packageVersion } from './package.ts'

/** The exit code. */
export async function runProgram(words: readonly string[]): Promise<number> {
  let code = 0
  const door = processDoor({ json: words.includes('--json'), color: !words.includes('--no-color') })
  const program = makeProgram((done) => {
    code = done
  })
  try {
    if (words.length === 0) program.outputHelp()
    else await program.parseAsync([...words], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const complaint = error instanceof CommanderError ? translated(error, words) : error
    return showFailure(complaint, door)
  }
}

export function makeProgram(done: (code: number) => void): Command {
  const program = new Command('changeover')
    .description('Takes a running system from one version to the next under one plan, and back, without loss.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined })
    .configureHelp({ showGlobalOptions: true, helpWidth: process.stdout.columns || 100 })
    .exitOverride()

  for (const option of commonOptions) program.addOption(optionOf(option))
  for (const spec of commands) addCommand(program, spec, done)
  program.addHelpText(
    'after',
    examplesOf([
      ['changeover init', 'a first plan for your database'],
      ['changeover plan', 'what would be done'],
      ['changeover run', 'do it'],
    ]),
  )
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 1 error, 2 usage, 3 blocked by findings, 4 stale plan, 5 rolled back, 6 waits for a person.\n',
  )
  return program
}

function addCommand(program: Command, spec: CommandSpec, done: (code: number) => void): void {
  const command = program.command(spec.usage).summary(spec.summary)
  command.description(
    `${spec.summary[0]?.toUpperCase() ?? ''}${spec.summary.slice(1)}.${spec.more === undefined ? '' : `\n${spec.more}`}`,
  )
  for (const option of spec.options) command.addOption(optionOf(option))
  command.addHelpText('after', examplesOf(spec.examples))
  command.action(async (...given: unknown[]) => {
    const args = given.slice(0, -2) as (string | undefined)[]
    const options = command.optsWithGlobals<Common>()
    mustTake(args[0], spec, command)
    done(await spec.run(args, options as never, processDoor(options)))
  })
}

/** An option of another verb says something that was meant, and would not be done. */
function mustTake(verb: string | undefined, spec: CommandSpec, command: Command): void {
  if (verb === undefined || !Array.isArray(spec.next) || !spec.next.includes(verb)) return
  for (const option of spec.options) {
    if (option.only === undefined || option.only.includes(verb)) continue
    const { long } = optionOf(option)
    if (command.getOptionValueSource(optionOf(option).attributeName()) === undefined) continue
    const verbs = option.only.map((each) => `\`${wordOf(spec)} ${each}\``).join(' and ')
    throw new ChangeoverError('usage.invalid', `${wordOf(spec)} ${verb} takes no ${long}`, `${long} is for ${verbs}`)
  }
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, saysOf(spec))
  if (spec.many) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
  return option
}

function examplesOf(examples: CommandSpec['examples']): string {
  const widest = Math.max(...examples.map(([command]) => command.length))
  const lines = examples.map(([command, says]) => `  ${command.padEnd(widest)}  ${says}`)
  return `\nExamples:\n${lines.join('\n')}`
}

/** Commander's complaint as one of ours, with the nearest word that is known there. */
function translated(error: CommanderError, words: readonly string[]): ChangeoverError {
  const spec = commands.find((each) => words.includes(wordOf(each)))
  const help =
    spec === undefined
      ? '`changeover --help` lists the commands'
      : `\`changeover ${wordOf(spec)} --help\` shows how it is used`
  const word = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  const said = error.message.replace(/^error: /, '').replaceAll("'", '"')
  if (error.code === 'commander.help' && words[0] === 'help' && words[1] !== undefined) return unknownCommand(words[1])
  if (error.code === 'commander.help') return new ChangeoverError('usage.invalid', 'no command was named', help)
  if (error.code === 'commander.unknownCommand') return unknownCommand(word)
  if (error.code === 'commander.unknownOption') {
    const known = [...commonOptions, ...(spec?.options ?? [])].flatMap(
      (each) => /--[a-z-]+/.exec(each.flags)?.[0] ?? [],
    )
    const where = spec === undefined ? '' : ` for \`${wordOf(spec)}\``
    return new ChangeoverError('usage.unknown', `there is no option "${word}"${where}${suggestion(word, known)}`, help)
  }
  return new ChangeoverError('usage.invalid', said, help)
}

function unknownCommand(word: string): ChangeoverError {
  const message = `there is no command "${word}"${suggestion(word, commands.map(wordOf))}`
  return new ChangeoverError('usage.unknown', message, '`changeover --help` lists the commands')
}
