/** Questions to the person at the terminal. */
import { createInterface } from 'node:readline/promises'

/** The answer, or undefined when the person left (Ctrl-C, Ctrl-D) or `until` was aborted. */
export async function ask(question: string, until?: AbortSignal): Promise<string | undefined> {
  const gone = new AbortController()
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const leave = (): void => gone.abort(new Error('left'))
  lines.on('SIGINT', leave).on('close', leave)
  const signal = until === undefined ? gone.signal : AbortSignal.any([gone.signal, until])
  try {
    return await lines.question(question, { signal })
  } catch {
    return undefined
  } finally {
    lines.off('close', leave)
    lines.close()
  }
}

export async function confirm(question: string): Promise<boolean> {
  const answer = await ask(`${question} [y/N] `)
  return answer !== undefined && /^(y|yes)$/i.test(answer.trim())
}
