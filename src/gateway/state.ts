/** What outlasts the gateway's process: shares, drained sides, who may change them. One file, replaced at once. Knows no request. */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { ChangeoverError } from '../core/errors.ts'
import { refusedFile, replaceFile } from '../durable/index.ts'

const shape = z.object({
  /** What this gateway is for good. */
  id: z.string(),
  routes: z.record(z.string(), z.object({ shares: z.record(z.string(), z.number()), drained: z.array(z.string()) })),
  /** The highest claim seen of each run; lower ones are refused. */
  fences: z.record(z.string(), z.number()),
})

export type Kept = z.output<typeof shape>

export interface StateFile {
  readonly kept: Kept
  /** Durable when it resolves. Writes are made one after the other; when one fails, `kept` is what it was. */
  change(edit: (kept: Kept) => Kept): Promise<void>
}

/** Makes the file if there is none. Throws `target.failed` when it is there and cannot be read: shares must not fall back in silence. */
export async function openStateFile(path: string): Promise<StateFile> {
  let kept = await readState(path)
  let last: Promise<unknown> = Promise.resolve()
  const change = async (edit: (kept: Kept) => Kept): Promise<void> => {
    const next = edit(kept)
    await replace(path, `${JSON.stringify(next, null, 2)}\n`)
    kept = next
  }
  if (kept.id === '') await change((now) => ({ ...now, id: randomUUID() }))
  return {
    get kept() {
      return kept
    },
    change: (edit) => {
      const turn = last.then(() => change(edit))
      last = turn.catch(() => undefined)
      return turn
    },
  }
}

async function readState(path: string): Promise<Kept> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { id: '', routes: {}, fences: {} }
    throw damaged(path, (error as NodeJS.ErrnoException).code ?? 'it cannot be read', error)
  }
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    throw damaged(path, 'it does not hold what a gateway wrote', error)
  }
}

function damaged(path: string, why: string, cause: unknown): ChangeoverError {
  const help = 'bring the file back, or remove it to start with the shares of the configuration'
  return new ChangeoverError('target.failed', `the state of the gateway in "${path}" cannot be used: ${why}`, help, {
    cause,
  })
}

async function replace(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await replaceFile(path, text, 0o600)
  } catch (error) {
    throw refusedFile(error, path, { what: 'state of the gateway', missing: 'see that its folder can be made' })
  }
}
