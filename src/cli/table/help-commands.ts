/** Commands about the command line itself. */
import type { CommandSpec } from './command-spec.ts'

export const helpCommands: readonly CommandSpec[] = [
  {
    usage: 'docs [topic]',
    summary: 'documentation: kinds, adapters, errors, lens, plan, exit-codes, or the name of one of them',
    // The pages of kinds and error codes are found by their names: too many to choose from.
    next: 'kinds recipes adapters errors lens plan exit-codes cli events findings backups flags gateway monitoring router schedules settings your-own-database'.split(
      ' ',
    ),
    options: [],
    examples: [
      ['changeover docs', 'the topics'],
      ['changeover docs kinds', 'every kind in a line'],
      ['changeover docs data.transform', 'one kind: roles, spec, an example'],
    ],
    run: async (args, options, door) => (await import('../commands/docs.ts')).docs(args[0], options, door),
  },
  {
    usage: 'completion <shell>',
    summary: 'print a completion script for bash, zsh or fish',
    next: ['bash', 'zsh', 'fish'],
    options: [],
    examples: [
      ['source <(changeover completion bash)', 'in ~/.bashrc'],
      ['changeover completion fish > ~/.config/fish/completions/changeover.fish', 'once'],
    ],
    run: async (args, _, door) => (await import('../commands/completion.ts')).completion(args[0], door),
  },
]
