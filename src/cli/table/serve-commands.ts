/** Commands for what a change sets: flags, settings, traffic. */
import type { CommandSpec } from './command-spec.ts'
import { note } from './shared-options.ts'

export const serveCommands: readonly CommandSpec[] = [
  {
    usage: 'config <verb> [name] [value]',
    summary: 'settings of a running program: list, get, set, unset, history',
    more: 'The settings are those of a file with their rules and values (`--store`), or of a target of the plan. Programs that follow it have a change at once.',
    next: ['list', 'get', 'set', 'unset', 'history'],
    options: [
      { flags: '--store <file>', says: 'a settings file, in JSON or YAML' },
      { flags: '--target <name>', says: 'a target of the plan (default: its only one with the port `settings`)' },
      { flags: '--expect <value>', says: 'set: refuse when the value is not this one now' },
      note,
      { flags: '--most <n>', says: 'history: so many changes, the latest first (default: 50)' },
    ],
    examples: [
      ['changeover config list --store settings.json', 'every setting in a line'],
      ['changeover config set mode_detector.latency_threshold 100ms', 'on the settings target of the plan'],
      ['changeover config unset hde.max_baselines --note "as shipped"', 'its default again'],
      ['changeover config history hde.max_baselines', 'who changed it, from what to what, and why'],
    ],
    run: async (args, options, door) =>
      (await import('../commands/config.ts')).config([args[0] ?? '', args[1], args[2]], options, door),
  },
  {
    usage: 'flags <verb> [name]',
    summary: 'feature flags: list, get, set, disable-all, history, and serve for programs by OFREP',
    more: "The flags are those of a file in flagd's JSON (`--store`), or of a target of the plan. `disable-all` does not ask: it is for emergencies, and `history` shows what was before.",
    next: ['list', 'get', 'set', 'disable-all', 'history', 'serve'],
    options: [
      { flags: '--store <file>', says: "a file in flagd's JSON" },
      { flags: '--target <name>', says: 'a target of the plan (default: its only one with the port `flags`)' },
      { flags: '--enabled <boolean>', says: 'set: true or false; false is the kill switch' },
      {
        flags: '--percent <number>',
        says: 'set: 0 to 100 in steps of 0.01; while it grows, nobody who is in falls out',
      },
      { flags: '--allow-list <names>', says: 'set: who is in whatever their bucket; a,b or empty' },
      { flags: '--deny-list <names>', says: 'set: who is out whatever else holds; a,b or empty' },
      { flags: '--nodes <attribute>', says: 'set: go by the node that this attribute names, not by user' },
      { flags: '--users', says: 'set: go by user again, not by node' },
      {
        flags: '--sides <new,old>',
        says: 'set: the variants of those who are in and of all others, where they are not on and off',
      },
      { flags: '--create', says: 'set: make the flag where it is not there' },
      note,
      { flags: '--most <n>', says: 'history: so many changes, the latest first (default: 50)' },
      { flags: '--port <n>', says: 'serve: the port (default: 8016)' },
      { flags: '--host <address>', says: 'serve: the address (default: 127.0.0.1)' },
      { flags: '--tokens <variable>', says: 'serve: the environment variable with the tokens that may ask, by commas' },
      { flags: '--callers <file>', says: 'serve: who may ask, in JSON or YAML: each with a token and its flags' },
      { flags: '--needs-key', says: 'serve: refuse a context without a targetingKey' },
      { flags: '--rate <n>', says: 'serve: requests a second for each caller' },
      {
        flags: '--origin <origin>',
        says: 'serve: pages of this origin may ask; may be given several times',
        many: true,
      },
    ],
    examples: [
      ['changeover flags list --store flags.json', 'every flag in a line'],
      ['changeover flags set new-checkout --percent 10 --allow-list ann,bob', 'on the flag target of the plan'],
      ['changeover flags disable-all --note "errors after 14:02"', 'every program uses its own fallbacks'],
      ['changeover flags history new-checkout', 'who changed what, and why'],
      ['changeover flags serve --store flags.json --port 8016', 'for OpenFeature programs in any language'],
    ],
    run: async (args, options, door) =>
      (await import('../commands/flags.ts')).flags(args[0] ?? '', args[1], options, door),
  },
  {
    usage: 'gateway <config>',
    summary: 'run the built-in gateway in this terminal: shares, sticky users, drain, shadow',
    more: 'The configuration is YAML, JSON or a module; `${NAME}` in it comes from the environment. Ctrl-C once waits for the requests under way, twice cuts them.',
    next: 'file',
    options: [],
    examples: [
      ['changeover gateway gateway.yaml', 'says where it listens, and serves until Ctrl-C'],
      [
        'changeover gateway gateway.yaml --json',
        'a line with the addresses and shares, and one with the counts at its end',
      ],
    ],
    run: async (args, _, door) => (await import('../commands/gateway.ts')).gateway(args[0] ?? '', door),
  },
]
