/** Works off the queue of jobs, one at a time: a slow fingerprint of a model's data. What it has begun it finishes before it stops. */
import { pbkdf2 } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Database } from './database.ts'

const idleMs = 250
const derive = promisify(pbkdf2)

/** `data` is SQL for the model's data over `m`. Stops after the job that is running. */
export function workOffJobs(database: Database, data: string): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const ended = loop(database, data, stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}

async function loop(database: Database, data: string, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const worked = await workOne(database, data).catch(() => false)
    if (!worked) await sleep(idleMs, undefined, { signal: stopping }).catch(() => undefined)
  }
}

/** PBKDF2 with HMAC-SHA-256 over the data's text, 32 bytes; `rounds` is what makes it slow. */
async function workOne(database: Database, data: string): Promise<boolean> {
  const [job] = await database.rows<{ id: string; rounds: number; text: string }>(
    `UPDATE jobs AS j SET state = 'running', started_at = now() FROM models AS m
     WHERE m.id = j.model_id AND j.id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING j.id, j.rounds, (${data})::text AS text`,
  )
  if (!job) return false
  const fingerprint = (await derive(job.text, `job ${job.id}`, job.rounds, 32, 'sha256')).toString('hex')
  const result = { bytes: Buffer.byteLength(job.text), fingerprint }
  await database.rows(`UPDATE jobs SET state = 'done', finished_at = now(), result = $2 WHERE id = $1`, [
    job.id,
    result,
  ])
  return true
}
