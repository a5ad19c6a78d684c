/** The adapter `host`: the host port on this machine. Inside a container, the container's share of it. */
import { execFile } from 'node:child_process'
import { readdir, readFile, statfs } from 'node:fs/promises'
import { availableParallelism, hostname, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { ChangeoverError } from '../../core/errors.ts'
import { defineAdapter, type Opener, type Target } from '../../core/kind.ts'
import type { HostReader, Resources } from '../../core/ports/index.ts'

const config = z.strictObject({})

export const host = defineAdapter({
  name: 'host',
  port: 'host',
  summary: 'The machine this tool runs on, measured.',
  shape: config,
  example: {},
  tools: {},
  open: async (_, who) => openTarget(who),
})

async function openTarget(who: Opener): Promise<Target<'host'>> {
  const read: HostReader = { resources: (path) => resources(resolve(who.base, path)), version }
  return {
    identity: async () => `host:${hostname()}`,
    observe: async () => ({}),
    read,
    write: read,
    fence: async () => undefined,
    close: async () => undefined,
  }
}

async function resources(path: string): Promise<Resources> {
  const [cpuLimit, memoryLimit, diskFreeBytes, networkBitsPerSecond] = await Promise.all([
    cgroupCpu(),
    cgroupMemory(),
    diskFree(path),
    linkSpeed(),
  ])
  return {
    cpu: Math.min(availableParallelism(), cpuLimit),
    memoryBytes: Math.min(totalmem(), memoryLimit),
    diskFreeBytes,
    networkBitsPerSecond,
  }
}

/** Cores that the cgroup grants (quota by period), version 2 and then 1; Infinity without a limit. */
async function cgroupCpu(): Promise<number> {
  const [quota = 'max', period = '100000'] = (await words('/sys/fs/cgroup/cpu.max')) ?? [
    ...((await words('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')) ?? []),
    ...((await words('/sys/fs/cgroup/cpu/cpu.cfs_period_us')) ?? []),
  ]
  const cores = Number(quota) / Number(period)
  return Number.isFinite(cores) && cores > 0 ? cores : Infinity
}

async function cgroupMemory(): Promise<number> {
  const [limit = 'max'] =
    (await words('/sys/fs/cgroup/memory.max')) ?? (await words('/sys/fs/cgroup/memory/memory.limit_in_bytes')) ?? []
  const bytes = Number(limit)
  return Number.isFinite(bytes) && bytes > 0 ? bytes : Infinity
}

async function words(path: string): Promise<readonly string[] | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text?.trim().split(/\s+/)
}

/** For a folder that is not there yet, of the nearest one above it. */
async function diskFree(path: string): Promise<number> {
  try {
    const disk = await statfs(path)
    return Number(disk.bavail) * disk.bsize
  } catch (error) {
    if (dirname(path) !== path && (error as { code?: string }).code === 'ENOENT') return diskFree(dirname(path))
    throw new ChangeoverError(
      'target.failed',
      `the disk of "${path}" cannot be measured: ${(error as Error).message}`,
      'name a folder of this machine',
      { cause: error },
    )
  }
}

/** The fastest link that is up, as the kernel knows it; most virtual ones do not tell. */
async function linkSpeed(): Promise<number | null> {
  const root = '/sys/class/net'
  const names = (await readdir(root).catch(() => [])).filter((name) => name !== 'lo')
  const megabits = await Promise.all(
    names.map(async (name) => Number((await words(`${root}/${name}/speed`))?.[0] ?? -1)),
  )
  const best = Math.max(-1, ...megabits.filter(Number.isFinite))
  return best > 0 ? best * 1_000_000 : null
}

function version(program: string): Promise<string | null> {
  return new Promise((done) => {
    execFile(program, ['--version'], { timeout: 5000 }, (error, out, err) => {
      const found = error ? undefined : /\d+(?:\.\d+)+[-+.\w]*|\d+/.exec(`${out} ${err}`)?.[0]
      done(found ?? null)
    })
  })
}
