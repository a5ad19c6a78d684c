/** `status` by the short way: with a door, and errors shown as everywhere. */
import { status, type StatusOptions } from './commands/status.ts'
import { processDoor } from './door.ts'

export async function runStatus(options: StatusOptions): Promise<number> {
  const door = processDoor(options)
  try {
    return await status(options, door)
  } catch (error) {
    const { showFailure } = await import('./failure.ts')
    return showFailure(error, door)
  }
}
