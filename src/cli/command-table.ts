/** Every command as data: words, options, examples, and what it loads. The program, its help, completion and the reference are made from it. */
import type { Door } from './door.ts'

export interface OptionSpec {
  /** As commander reads it: `-y, --yes`, `--until <step>`. */
  readonly flags: string
  readonly says: string
  /** May be given several times. */
  readonly many?: boolean
}

export interface CommandSpec {
  /** The word and its arguments: `approve [step]`. */
  readonly usage: string
  readonly summary: string
  /** What else must be known, in a sentence or two. */
  readonly more?: string
  readonly options: readonly OptionSpec[]
  /** Each with what it does. */
  readonly examples: readonly (readonly [string, string])[]
  run(args: readonly (string | undefined)[], options: never, door: Door): Promise<number>
}

export const commonOptions: readonly OptionSpec[] = [
  { flags: '-f, --file <path>', says: 'the plan file (default: changeover.config.ts or changeover.yaml here)' },
  { flags: '--run <id>', says: 'the run that is meant (default: the one that is open, else the last)' },
  { flags: '--json', says: 'print JSON: one object a line, the last one sums up or holds the error' },
  { flags: '--no-color', says: 'no colours (as with NO_COLOR; FORCE_COLOR wants them also in a pipe)' },
]

const yes = (what: string): OptionSpec => ({ flags: '-y, --yes', says: `${what} without asking` })
const note: OptionSpec = { flags: '--note <text>', says: 'why; kept in the audit trail' }
const until: OptionSpec = { flags: '--until <step>', says: 'pause after this step' }
const wishes: readonly OptionSpec[] = [
  { flags: '--batch-size <n>', says: 'rows in a chunk; wins over the plan' },
  { flags: '--workers <n>', says: 'workers that share a step; wins over the plan' },
]

export const commands: readonly CommandSpec[] = [
  {
    usage: 'init [url]',
    summary: 'look at a PostgreSQL and write a first plan that runs',
    more: 'The url is taken from DATABASE_URL where it is not given. The file names ${DATABASE_URL}, never the password; a file that is there is not overwritten.',
    options: [
      { flags: '--typescript', says: 'write changeover.config.ts instead of changeover.yaml' },
      { flags: '--dir <path>', says: 'the folder to write to (default: here)' },
    ],
    examples: [
      ['changeover init postgres://app@localhost/shop', 'look at that database, write changeover.yaml'],
      ['changeover init --typescript', 'look at $DATABASE_URL, write changeover.config.ts'],
    ],
    run: async (args, options, door) => (await import('./commands/init.ts')).init(args[0], options, door),
  },
  {
    usage: 'check',
    summary: 'plan, and ask every step whether anything stands against it',
    options: [],
    examples: [['changeover check', 'findings by level; exit 3 when one blocks']],
    run: async (_, options, door) => (await import('./commands/planning.ts')).check(options, door),
  },
  {
    usage: 'plan',
    summary: 'show what would be done: steps, previews, locks, sizes, times, the way back',
    options: [
      { flags: '--markdown', says: 'print Markdown' },
      { flags: '--out <file>', says: 'write to a file' },
    ],
    examples: [
      ['changeover plan', 'the plan as text'],
      ['changeover plan --markdown --out plan.md', 'for a pull request'],
      ['changeover plan --json | jq -r .hash', 'the hash to agree on, for `run --plan`'],
    ],
    run: async (_, options, door) => (await import('./commands/planning.ts')).plan(options, door),
  },
  {
    usage: 'run',
    summary: 'carry the plan out, with progress, until it is done or waits for a person',
    more: 'Ctrl-C once pauses at the next boundary (exit 6), twice stops at once; `changeover resume` goes on from there.',
    options: [
      yes('carry it out'),
      until,
      ...wishes,
      { flags: '--plan <hash>', says: 'refuse (exit 4) when the plan is not the one with this hash' },
    ],
    examples: [
      ['changeover run', 'show the plan, ask, and carry it out'],
      ['changeover run --yes --until backup', 'without asking, as far as step "backup"'],
      ['changeover run --yes --json', 'one event a line, the last line sums up'],
    ],
    run: async (_, options, door) => (await import('./commands/run.ts')).run(options, door),
  },
  {
    usage: 'status',
    summary: 'where the run is, how fast, what it waits for and what to type next',
    options: [{ flags: '-w, --watch', says: 'stay, and show it again as it changes' }],
    examples: [
      ['changeover status', 'one screen'],
      ['changeover status --watch', 'from any terminal, until the run is closed'],
      ['changeover status --json', 'one object'],
    ],
    run: async (_, options, door) => (await import('./commands/status.ts')).status(options, door),
  },
  {
    usage: 'pause',
    summary: 'let the runner stop at its next boundary',
    options: [note],
    examples: [['changeover pause --note "load is high"', 'from any terminal']],
    run: async (_, options, door) => (await import('./commands/control.ts')).pause(options, door),
  },
  {
    usage: 'resume',
    summary: 'go on where the run was left, also after kill -9',
    options: [
      until,
      ...wishes,
      { flags: '--amend', says: 'take over an edited plan; only steps that were not started may differ' },
    ],
    examples: [
      ['changeover resume', 'go on'],
      ['changeover resume --batch-size 500', 'go on with smaller chunks'],
      ['changeover resume --amend', 'go on with the plan as it was edited'],
    ],
    run: async (_, options, door) => (await import('./commands/control.ts')).resume(options, door),
  },
  {
    usage: 'abort',
    summary: 'undo the step under way and end the run there; steps before it stay',
    options: [note, yes('abort')],
    examples: [['changeover abort --note "wrong window"', 'asks first']],
    run: async (_, options, door) => (await import('./commands/control.ts')).abort(options, door),
  },
  {
    usage: 'rollback',
    summary: 'turn back: everything, down to a step, or one part',
    more: 'Works from any point, also after the run is done. Exit 5 when everything is as it was, 0 when a part or a step was reached.',
    options: [
      { flags: '--to <step>', says: 'undo what came after this step' },
      { flags: '--part <name>', says: 'undo the steps of one part' },
      note,
      yes('turn back'),
    ],
    examples: [
      ['changeover rollback', 'shows what is undone, and asks'],
      ['changeover rollback --to backup --yes', 'down to step "backup", without asking'],
      ['changeover rollback --part configuration', 'one part only'],
    ],
    run: async (_, options, door) => (await import('./commands/control.ts')).rollback(options, door),
  },
  {
    usage: 'approve [step]',
    summary: 'agree to the step that asks, and say why',
    options: [note],
    examples: [['changeover approve cut-over --note "support is ready"', 'kept with your name']],
    run: async (args, options, door) => (await import('./commands/control.ts')).approve(args[0], options, door),
  },
  {
    usage: 'release <plan>',
    summary: 'let a plan that a gate turned back be run again, and say why',
    more: 'A run that a gate or a guard turned back holds its plan: the same plan is not run again until a person releases it by its name. An edited plan is another one.',
    options: [note],
    examples: [['changeover release shop --note "the memory leak is mended"', 'kept with your name']],
    run: async (args, options, door) => (await import('./commands/release.ts')).release(args[0], options, door),
  },
  {
    usage: 'verify',
    summary: 'look whether the system is what the run left',
    options: [],
    examples: [['changeover verify', 'exit 3 when it is not']],
    run: async (_, options, door) => (await import('./commands/verify.ts')).verify(options, door),
  },
  {
    usage: 'events',
    summary: 'the audit trail of the run',
    options: [
      { flags: '--follow', says: 'stay, and print new ones as they come' },
      {
        flags: '--filter <name=value>',
        says: 'type=step.*, step=ID or level=block; may be given several times',
        many: true,
      },
    ],
    examples: [
      ['changeover events --follow', 'as it happens'],
      ['changeover events --filter level=block --filter level=risk', 'what was found'],
      ['changeover events --filter type=approval.given --json', 'who agreed to what'],
    ],
    run: async (_, options, door) => (await import('./commands/events.ts')).events(options, door),
  },
  {
    usage: 'metrics [name...]',
    summary: 'the figures that the gates and guards of the plan ask for, as they are now',
    more: 'Judged as a gate judges them, and nothing decided by it. Figures are compared with the baseline that the run captured.',
    options: [
      { flags: '-w, --watch', says: 'stay, and look again and again' },
      { flags: '--interval <seconds>', says: 'between two looks (default: 5)' },
      { flags: '--target <name>', says: 'only those of this target' },
    ],
    examples: [
      ['changeover metrics', 'all of them, once; exit 3 when one is bad'],
      ['changeover metrics latency errors --watch', 'two of them, until you leave'],
      ['changeover metrics --watch --interval 1 --json', 'one object a look'],
    ],
    run: async (args, options, door) =>
      (await import('./commands/metrics.ts')).metrics(args.flat() as string[], options, door),
  },
  {
    usage: 'exporter',
    summary: 'serve the figures of the run for a Prometheus',
    more: 'Reads the journal alone, so it may run anywhere the journal can be read. It goes on to the next run when one is closed.',
    options: [
      { flags: '--port <n>', says: 'the port (default: 9464)' },
      { flags: '--host <address>', says: 'the address (default: 127.0.0.1)' },
    ],
    examples: [['changeover exporter --port 9464', 'let Prometheus scrape http://127.0.0.1:9464/metrics']],
    run: async (_, options, door) => (await import('./commands/exporter.ts')).exporter(options, door),
  },
  {
    usage: 'alerts',
    summary: 'alert rules for Prometheus, made from the gates of the plan',
    more: 'Fixed limits, and those against the baseline that the run has captured. What no rule can be made of is said on the side.',
    options: [{ flags: '--out <file>', says: 'write to a file' }],
    examples: [['changeover alerts --out shop.rules.yml', 'then `promtool check rules shop.rules.yml`']],
    run: async (_, options, door) => (await import('./commands/monitoring.ts')).alerts(options, door),
  },
  {
    usage: 'dashboard',
    summary: 'a dashboard for Grafana: the run, and the figures of the plan',
    options: [{ flags: '--out <file>', says: 'write to a file' }],
    examples: [['changeover dashboard --out shop.json', 'import it in Grafana, and choose the Prometheus']],
    run: async (_, options, door) => (await import('./commands/monitoring.ts')).dashboard(options, door),
  },
  {
    usage: 'report',
    summary: 'what was planned and what happened, for people who were not there',
    options: [
      { flags: '--format <format>', says: 'html (default), markdown or json' },
      {
        flags: '--figures <file>',
        says: 'JSON of what you measured beside: requests { served, failed }, longestWritePauseMs, rows, rowsPerSecond, criteria',
      },
      { flags: '--out <file>', says: 'write to a file' },
    ],
    examples: [
      ['changeover report --out report.html', 'one file, no scripts, nothing from elsewhere'],
      ['changeover report --format markdown', 'for a ticket'],
    ],
    run: async (_, options, door) => (await import('./commands/report.ts')).report(options, door),
  },
  {
    usage: 'worker',
    summary: 'take part, from this machine, in the step that is under way',
    options: [{ flags: '--hands <n>', says: 'workers in this process (default: one a core)' }],
    examples: [['changeover worker --hands 4', 'joins; may leave at any time']],
    run: async (_, options, door) => (await import('./commands/worker.ts')).worker(options, door),
  },
  {
    usage: 'config <verb> [name] [value]',
    summary: 'settings of a running program: list, get, set, unset, history',
    more: 'The settings are those of a file with their rules and values (`--store`), or of a target of the plan. Programs that follow it have a change at once.',
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
      (await import('./commands/config.ts')).config([args[0] ?? '', args[1], args[2]], options, door),
  },
  {
    usage: 'gateway <config>',
    summary: 'run the built-in gateway in this terminal: shares, sticky users, drain, shadow',
    more: 'The configuration is YAML, JSON or a module; `${NAME}` in it comes from the environment. Ctrl-C once waits for the requests under way, twice cuts them.',
    options: [],
    examples: [
      ['changeover gateway gateway.yaml', 'says where it listens, and serves until Ctrl-C'],
      [
        'changeover gateway gateway.yaml --json',
        'a line with the addresses and shares, and one with the counts at its end',
      ],
    ],
    run: async (args, _, door) => (await import('./commands/gateway.ts')).gateway(args[0] ?? '', door),
  },
  {
    usage: 'flags <verb> [name]',
    summary: 'feature flags: list, get, set, disable-all, history, and serve for programs by OFREP',
    more: "The flags are those of a file in flagd's JSON (`--store`), or of a target of the plan. `disable-all` does not ask: it is for emergencies, and `history` shows what was before.",
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
      { flags: '--create', says: 'set: make the flag where it is not there' },
      note,
      { flags: '--most <n>', says: 'history: so many changes, the latest first (default: 50)' },
      { flags: '--port <n>', says: 'serve: the port (default: 8016)' },
      { flags: '--host <address>', says: 'serve: the address (default: 127.0.0.1)' },
      { flags: '--tokens <variable>', says: 'serve: the environment variable with the tokens that may ask, by commas' },
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
      (await import('./commands/flags.ts')).flags(args[0] ?? '', args[1], options, door),
  },
  {
    usage: 'docs [topic]',
    summary: 'documentation: kinds, adapters, errors, lens, plan, exit-codes, or the name of one of them',
    options: [],
    examples: [
      ['changeover docs', 'the topics'],
      ['changeover docs kinds', 'every kind in a line'],
      ['changeover docs data.transform', 'one kind: roles, spec, an example'],
    ],
    run: async (args, options, door) => (await import('./commands/docs.ts')).docs(args[0], options, door),
  },
  {
    usage: 'completion <shell>',
    summary: 'print a completion script for bash, zsh or fish',
    options: [],
    examples: [
      ['source <(changeover completion bash)', 'in ~/.bashrc'],
      ['changeover completion fish > ~/.config/fish/completions/changeover.fish', 'once'],
    ],
    run: async (args, _, door) => (await import('./commands/completion.ts')).completion(args[0], door),
  },
]

export function wordOf(spec: CommandSpec): string {
  return spec.usage.split(' ')[0] ?? ''
}
