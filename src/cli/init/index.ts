/** What `changeover init` writes. */
export { firstPlan, type SeenDatabase, type SeenTable } from './first-plan.ts'
export { planTypeScript, planYaml, rowsOf } from './plan-file.ts'
