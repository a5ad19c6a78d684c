/** A store in a file of its own folder, for the cases of kinds that change one. Knows no kind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../src/core/json.ts'
import type { Adapter, Target } from '../src/core/kind.ts'
import type { PortName } from '../src/core/ports/index.ts'
import type { CaseWorld } from '../src/testing/kind-kit.ts'

/** The file begins as `document`; a rollback must give it back, and leave no file of ours. */
export async function fileStore<P extends PortName>(
  adapter: Adapter<P, { path: string }>,
  document: Json,
): Promise<CaseWorld> {
  const base = mkdtempSync(join(tmpdir(), 'changeover-store-'))
  const path = join(base, 'store.json')
  writeFileSync(path, JSON.stringify(document, null, 2))
  const store = await adapter.open({ path }, { run: 'r', fence: 1, base, signal: new AbortController().signal })
  return {
    targets: { store: store as Target },
    state: async () => JSON.parse(readFileSync(path, 'utf8')) as Json,
    leftovers: async () => readdirSync(base).filter((name) => name.includes('changeover')),
    close: async () => rmSync(base, { recursive: true, force: true }),
  }
}
