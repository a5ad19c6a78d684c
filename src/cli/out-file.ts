/** Files that a person names with `--out`: what the system refuses about them is said in words, and is no fault of this tool. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ChangeoverError } from '../core/errors.ts'
import { refusedFile } from '../durable/index.ts'
import type { Door } from './door.ts'

/** Throws `usage.invalid` where the folder is not there, `target.*` where the file cannot be written. */
export async function writeOut(name: string, text: string, door: Door): Promise<void> {
  const path = resolve(door.cwd, name)
  await named(path, () => writeFile(path, text))
}

/** The same for a file that must be new, in a folder that is made; throws `usage.invalid` where it is there already. */
export async function writeNew(path: string, text: string): Promise<void> {
  await named(path, async () => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text, { flag: 'wx' })
  })
}

async function named(path: string, write: () => Promise<unknown>): Promise<void> {
  const usage = (message: string, help: string): never => {
    throw new ChangeoverError('usage.invalid', message, help)
  }
  try {
    await write()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') usage(`there is no folder "${dirname(path)}"`, `make it: \`mkdir -p '${dirname(path)}'\``)
    if (code === 'EISDIR') usage(`"${path}" is a folder, not a file`, 'name a file in it')
    if (code === 'EEXIST') usage(`"${path}" is there already`, 'name another place')
    throw refusedFile(error, path, { what: 'file', missing: '' })
  }
}
