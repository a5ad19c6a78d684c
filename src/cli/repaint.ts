/** Redraws a few lines in place on a terminal, and lets other lines scroll by above them. Knows nothing of what they say. */
import { fit } from '../views/status.ts'
import { type Door, harmless } from './door.ts'

export interface Repainter {
  /** Replaces what was painted. Lines too many for the screen are left out. */
  paint(text: string): void
  /** Lines that stay, above what is painted. */
  above(text: string): void
  /** Leaves the last painting where it is. */
  end(): void
}

// The terminal shows each painting whole: synchronized output, ignored by terminals that do not know it.
const begin = '\u001b[?2026h'
const finish = '\u001b[?2026l'
const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

export function repainter(door: Door): Repainter {
  let lines: readonly string[] = []
  let painted = 0
  const showAgain = (): void => door.draw(showCursor)
  process.once('exit', showAgain)
  door.draw(hideCursor)
  const up = (): string => (painted === 0 ? '\r' : `\r\u001b[${painted}A`)
  const draw = (before: string): void => {
    const shown = lines.slice(0, Math.max(1, door.height() - 2))
    const body = shown.map((line) => `${fit(line, door.width())}\u001b[K\n`).join('')
    // One write: what is above, the lines, and nothing left of the lines before.
    door.draw(`${begin}${up()}${before}${body}\u001b[J${finish}`)
    painted = shown.length
  }
  return {
    paint: (text) => {
      lines = harmless(text).replace(/\n$/, '').split('\n')
      draw('')
    },
    above: (text) => draw(`${harmless(text).replaceAll('\n', '\u001b[K\n')}\u001b[K\n`),
    end: () => {
      process.off('exit', showAgain)
      door.draw(showCursor)
    },
  }
}
