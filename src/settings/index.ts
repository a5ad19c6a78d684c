/** Settings of a running program: what each may be, and what holds. Pure. */
export type { SettingRule, SettingType } from './rule.ts'
export { readSettings, ruleOf, type Settings, settingsOf, valueOf } from './settings.ts'
export { judgeValue, programValue, wantedOf } from './value.ts'
