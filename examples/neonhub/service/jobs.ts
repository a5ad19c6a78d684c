/** Works off the queue of jobs, one at a time: measures a model's data. What it has begun it finishes before it stops. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.ts'

const idleMs = 250

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

async function workOne(database: Database, data: string): Promise<boolean> {
  const [job] = await database.rows<{ id: string; work_ms: number }>(
    `UPDATE jobs SET state = 'running', started_at = now()
     WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, work_ms`,
  )
  if (!job) return false
  await sleep(job.work_ms)
  await database.rows(
    `UPDATE jobs AS j SET state = 'done', finished_at = now(), result = jsonb_build_object('bytes', octet_length((${data})::text))
     FROM models AS m WHERE m.id = j.model_id AND j.id = $1`,
    [job.id],
  )
  return true
}
