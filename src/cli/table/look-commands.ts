/** Commands that look: at a run, at what it left, at what it measures. */
import type { CommandSpec } from './command-spec.ts'

export const lookCommands: readonly CommandSpec[] = [
  {
    usage: 'verify',
    summary: 'look whether the system is what the run left',
    options: [],
    examples: [['changeover verify', 'exit 3 when it is not']],
    run: async (_, options, door) => (await import('../commands/verify.ts')).verify(options, door),
  },
  {
    usage: 'events',
    summary: 'the audit trail of the run',
    more: 'Filters of one name are alternatives, those of several names all hold. A word that no event could have is refused.',
    options: [
      { flags: '--follow', says: 'stay, and print new ones as they come' },
      {
        flags: '--filter <name=value>',
        says: 'type, step, kind, stage, level, code, by or text, with `*` for any letters; since or until, a time or 10m ago; may be given several times',
        many: true,
      },
    ],
    examples: [
      ['changeover events --follow', 'as it happens'],
      ['changeover events --filter level=block --filter level=risk', 'what was found'],
      ['changeover events --filter type=approval.given --json', 'who agreed to what'],
      ['changeover events --filter kind=gate.* --filter since=10m', 'what the gates said in the last ten minutes'],
      ['changeover events --filter text=mode_transition', 'all that speaks of it'],
    ],
    run: async (_, options, door) => (await import('../commands/events.ts')).events(options, door),
  },
  {
    usage: 'metrics [name...]',
    summary: 'the figures that the gates and guards of the plan ask for, as they are now',
    more: 'Judged as a gate judges them, and nothing decided by it. Figures are compared with the baseline that the run captured.',
    options: [
      { flags: '-w, --watch', says: 'stay, and look again and again' },
      { flags: '--interval <seconds>', says: 'between two looks (default: 5)' },
      { flags: '--target <name>', says: 'only those of this target' },
      { flags: '--component <name>', says: 'only those that steps of this part of the plan ask for' },
    ],
    examples: [
      ['changeover metrics', 'all of them, once; exit 3 when one is bad'],
      ['changeover metrics --component compression --watch', 'those of the steps with `part: compression`'],
      ['changeover metrics latency errors --watch', 'two of them, until you leave'],
      ['changeover metrics --watch --interval 1 --json', 'one object a look'],
    ],
    run: async (args, options, door) =>
      (await import('../commands/metrics.ts')).metrics(args.flat() as string[], options, door),
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
    run: async (_, options, door) => (await import('../commands/exporter.ts')).exporter(options, door),
  },
  {
    usage: 'alerts',
    summary: 'alert rules for Prometheus, made from the gates of the plan',
    more: 'Fixed limits, and those against the baseline that the run has captured. What no rule can be made of is said on the side.',
    options: [{ flags: '--out <file>', says: 'write to a file' }],
    examples: [['changeover alerts --out shop.rules.yml', 'then `promtool check rules shop.rules.yml`']],
    run: async (_, options, door) => (await import('../commands/monitoring.ts')).alerts(options, door),
  },
  {
    usage: 'dashboard',
    summary: 'a dashboard for Grafana: the run, and the figures of the plan',
    options: [{ flags: '--out <file>', says: 'write to a file' }],
    examples: [['changeover dashboard --out shop.json', 'import it in Grafana, and choose the Prometheus']],
    run: async (_, options, door) => (await import('../commands/monitoring.ts')).dashboard(options, door),
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
    run: async (_, options, door) => (await import('../commands/report.ts')).report(options, door),
  },
]
