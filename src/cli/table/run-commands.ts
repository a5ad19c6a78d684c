/** Commands that plan a change and carry it out. */
import type { CommandSpec } from './command-spec.ts'
import { yes, note, until, wishes } from './shared-options.ts'

export const runCommands: readonly CommandSpec[] = [
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
    run: async (args, options, door) => (await import('../commands/init.ts')).init(args[0], options, door),
  },
  {
    usage: 'check',
    summary: 'plan, and ask every step whether anything stands against it',
    options: [],
    examples: [['changeover check', 'findings by level; exit 3 when one blocks']],
    run: async (_, options, door) => (await import('../commands/planning.ts')).check(options, door),
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
    run: async (_, options, door) => (await import('../commands/planning.ts')).plan(options, door),
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
    run: async (_, options, door) => (await import('../commands/run.ts')).run(options, door),
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
    run: async (_, options, door) => (await import('../commands/status.ts')).status(options, door),
  },
  {
    usage: 'pause',
    summary: 'let the runner stop at its next boundary',
    options: [note],
    examples: [['changeover pause --note "load is high"', 'from any terminal']],
    run: async (_, options, door) => (await import('../commands/control.ts')).pause(options, door),
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
    run: async (_, options, door) => (await import('../commands/control.ts')).resume(options, door),
  },
  {
    usage: 'abort',
    summary: 'undo the step under way and end the run there; steps before it stay',
    options: [note, yes('abort')],
    examples: [['changeover abort --note "wrong window"', 'asks first']],
    run: async (_, options, door) => (await import('../commands/control.ts')).abort(options, door),
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
    run: async (_, options, door) => (await import('../commands/control.ts')).rollback(options, door),
  },
  {
    usage: 'approve [step]',
    summary: 'agree to the step that asks, and say why',
    options: [note],
    examples: [['changeover approve cut-over --note "support is ready"', 'kept with your name']],
    run: async (args, options, door) => (await import('../commands/control.ts')).approve(args[0], options, door),
  },
  {
    usage: 'release <plan>',
    summary: 'let a plan that a gate turned back be run again, and say why',
    more: 'A run that a gate or a guard turned back holds its plan: the same plan is not run again until a person releases it by its name. An edited plan is another one.',
    options: [note],
    examples: [['changeover release shop --note "the memory leak is mended"', 'kept with your name']],
    run: async (args, options, door) => (await import('../commands/release.ts')).release(args[0], options, door),
  },
  {
    usage: 'worker',
    summary: 'take part, from this machine, in the step that is under way',
    options: [{ flags: '--hands <n>', says: 'workers in this process (default: one a core)' }],
    examples: [['changeover worker --hands 4', 'joins; may leave at any time']],
    run: async (_, options, door) => (await import('../commands/worker.ts')).worker(options, door),
  },
  {
    usage: 'restore [folder]',
    summary: 'bring a backup that a plan made back, into an empty database or a new folder',
    more: 'Every byte is compared with the manifest before anything is written, and every restored table with what was saved. Nothing is written over. `${NAME}` as the place is taken from the environment.',
    options: [
      {
        flags: '--into <place>',
        says: 'the url of an empty PostgreSQL database, or a new folder for a backup of files',
      },
    ],
    examples: [
      ["changeover restore backups/shop-1-backup --into '${RESTORED_URL}'", 'the tables as they were'],
      ['changeover restore backups/shop-1-files --into ./before', 'the files, to look at and to copy from'],
    ],
    next: 'file',
    run: async (args, options, door) => (await import('../commands/restore.ts')).restore(args[0], options, door),
  },
]
