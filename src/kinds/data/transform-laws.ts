/** The laws of the lens on sampled rows of the table. */
import type { Finding } from '../../core/finding.ts'
import type { SqlSnapshot } from '../../core/ports/index.ts'
import type { Tools } from './transform-move.ts'
import type { Work } from './transform-work.ts'

export async function brokenLaws(_work: Work, _tools: Tools, _snapshot: SqlSnapshot): Promise<readonly Finding[]> {
  return []
}
