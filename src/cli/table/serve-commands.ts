/** Commands for what a change sets: flags, settings, traffic. */
import type { CommandSpec } from './command-spec.ts'
import { note } from './shared-options.ts'

const set = ['set']
const history = ['history']
const serve = ['serve']

export const serveCommands: readonly CommandSpec[] = [
  {
    usage: 'config <verb> [name] [value]',
    summary: 'settings of a running program: list, get, set, unset, history',
    more: 'The settings are those of a file with their rules and values (`--store`), or of a target of the plan. Programs that follow it have a change at once.',
    next: ['list', 'get', 'set', 'unset', 'history'],
    options: [
      { flags: '--store <file>', says: 'a settings file, in JSON or YAML' },
      { flags: '--target <name>', says: 'a target of the plan (default: its only one with the port `settings`)' },
      { flags: '--expect <value>', says: 'refuse when the value is not this one now', only: ['set', 'unset'] },
      { ...note, only: ['set', 'unset'] },
      { flags: '--most <n>', says: 'so many changes, the latest first (default: 50)', only: history },
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
      { flags: '--enabled <boolean>', says: 'true or false; false is the kill switch', only: set },
      {
        flags: '--percent <number>',
        says: '0 to 100 in steps of 0.01; while it grows, nobody who is in falls out',
        only: set,
      },
      { flags: '--allow-list <names>', says: 'who is in whatever their bucket; a,b or empty', only: set },
      { flags: '--deny-list <names>', says: 'who is out whatever else holds; a,b or empty', only: set },
      { flags: '--nodes <attribute>', says: 'go by the node that this attribute names, not by user', only: set },
      { flags: '--users', says: 'go by user again, not by node', only: set },
      {
        flags: '--sides <new,old>',
        says: 'the variants of those who are in and of all others, where they are not on and off',
        only: set,
      },
      { flags: '--create', says: 'make the flag where it is not there', only: set },
      { ...note, only: ['set', 'disable-all'] },
      { flags: '--most <n>', says: 'so many changes, the latest first (default: 50)', only: history },
      { flags: '--port <n>', says: 'the port (default: 8016)', only: serve },
      { flags: '--host <address>', says: 'the address (default: 127.0.0.1)', only: serve },
      {
        flags: '--tokens <variable>',
        says: 'the environment variable with the tokens that may ask, by commas',
        only: serve,
      },
      { flags: '--callers <file>', says: 'who may ask, in JSON or YAML: each with a token and its flags', only: serve },
      { flags: '--needs-key', says: 'refuse a context without a targetingKey', only: serve },
      { flags: '--rate <n>', says: 'requests a second for each caller', only: serve },
      {
        flags: '--origin <origin>',
        says: 'pages of this origin may ask; may be given several times',
        only: serve,
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
