/** Commands that are proposed, as lines: what each does beside it, or above it where there is no room. A command is never cut, as it is there to be copied. */
import type { Advice } from './advice.ts'
import { pad, type Paint } from './paint.ts'

/** `width` in columns of the screen. */
export function commandLines(commands: Advice['commands'], width: number, paint: Paint): readonly string[] {
  const widest = Math.max(0, ...commands.map(({ command }) => command.length))
  const says = Math.max(0, ...commands.map(({ does }) => does.length))
  if (widest + says + 4 <= width)
    return commands.map(({ command, does }) => `  ${paint.strong(pad(command, widest))}  ${paint.faint(does)}`)
  return commands.flatMap(({ command, does }) => [`  ${paint.faint(`${does}:`)}`, `    ${paint.strong(command)}`])
}
