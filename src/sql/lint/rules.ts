/** The one table of rules. The reference page is made from it. */
import { columnRules } from './columns.ts'
import { constraintRules } from './constraints.ts'
import { dataRules } from './data.ts'
import { destructionRules } from './destruction.ts'
import { indexRules } from './indexes.ts'
import { renameRules } from './renames.ts'
import type { Rule } from './rule.ts'
import { scriptRules } from './scripts.ts'
import { tableRules } from './tables.ts'
import { transactionRules } from './transactions.ts'
import { typeRules } from './column-types.ts'

/** An ignore comment that nothing answers to. Judged after all others, so it looks at no scene. */
const unusedIgnore: Rule = {
  name: 'unused-ignore',
  level: 'note',
  why: 'A comment that ignores nothing hides the finding that comes later.',
  help: 'remove the comment',
  look: () => [],
}

export const rules: readonly Rule[] = [
  ...columnRules,
  ...constraintRules,
  ...indexRules,
  ...destructionRules,
  ...renameRules,
  ...tableRules,
  ...transactionRules,
  ...dataRules,
  ...typeRules,
  ...scriptRules,
  unusedIgnore,
]

/** True for a rule that tells of values or objects that are gone afterwards. */
export function destroys(rule: string): boolean {
  return destructionRules.some((each) => each.name === rule)
}
