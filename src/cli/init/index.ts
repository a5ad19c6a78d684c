/** What `changeover init` writes. */
export { exampleColumn, firstPlan, type FirstPlan, type SeenDatabase, type SeenTable } from './first-plan.ts'
export { planTypeScript, planYaml } from './plan-file.ts'
