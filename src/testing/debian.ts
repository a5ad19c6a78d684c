/** Programs that tests start for real: found on the path, or installed from Debian where this account may. Says why when there is none. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The program's path, or the reason why tests that need it are skipped. */
export type Found = { readonly path: string } | { readonly missing: string }

const asked = new Map<string, Found>()

/** Asks once for each program of this process. */
export function programOf(name: string, debianPackage: string): Found {
  const known = asked.get(name) ?? find(name, debianPackage)
  asked.set(name, known)
  return known
}

function find(name: string, debianPackage: string): Found {
  const there = onPath(name)
  if (there !== undefined) return { path: there }
  if (process.getuid?.() !== 0) return { missing: `no program "${name}", and only root may install "${debianPackage}"` }
  if (!existsSync('/usr/bin/apt-get')) return { missing: `no program "${name}", and no apt-get to install it` }
  const refusal = install(debianPackage)
  const path = onPath(name)
  return path === undefined ? { missing: `"${debianPackage}" could not be installed: ${refusal}` } : { path }
}

/** Without recommended packages, and without starting the service: tests start their own. */
function install(debianPackage: string): string {
  const run = (...args: readonly string[]) =>
    execFileSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
      stdio: 'pipe',
      timeout: 180_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    })
  try {
    run('install', '-y', '--no-install-recommends', debianPackage)
    return ''
  } catch {
    try {
      run('update')
      run('install', '-y', '--no-install-recommends', debianPackage)
      return ''
    } catch (error) {
      return error instanceof Error
        ? (error.message.split('\n').find((line) => line.startsWith('E:')) ?? error.message)
        : ''
    }
  }
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
