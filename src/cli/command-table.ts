/** Every command as data: words, options, examples, and what it loads. The program, its help, completion and the reference are made from it. */
import type { CommandSpec } from './table/command-spec.ts'
import { helpCommands } from './table/help-commands.ts'
import { lookCommands } from './table/look-commands.ts'
import { runCommands } from './table/run-commands.ts'
import { serveCommands } from './table/serve-commands.ts'

export { type CommandSpec, type OptionSpec, saysOf } from './table/command-spec.ts'
export { commonOptions } from './table/shared-options.ts'

export const commands: readonly CommandSpec[] = [...runCommands, ...lookCommands, ...serveCommands, ...helpCommands]

export function wordOf(spec: CommandSpec): string {
  return spec.usage.split(' ')[0] ?? ''
}
