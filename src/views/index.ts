/** Renderings of plans and runs: state in, text, Markdown, HTML or JSON out. Pure: no clock, no terminal, no file. */
export { adviceFor } from './advice.ts'
export { commandLines } from './command-lines.ts'
export { type Alerts, alertsOf } from './alerts.ts'
export { askedMetrics, baselineOf, type PlanMetric } from './asked-metrics.ts'
export { dashboardOf } from './dashboard.ts'
export { eventJson } from './event-json.ts'
export { eventLine, eventText } from './event-line.ts'
export { type Figures, readFigures } from './figures.ts'
export { findingLines } from './finding-text.ts'
export { evolvePace, type Pace } from './pace.ts'
export { wrap } from './paint.ts'
export { planJson } from './plan-json.ts'
export { planMarkdown } from './plan-markdown.ts'
export { planText } from './plan-text.ts'
export { reportHtml } from './report-html.ts'
export { reportJson } from './report-json.ts'
export { reportMarkdown } from './report-markdown.ts'
export { tilesOf } from './report-words.ts'
export { makeReport, type Report } from './report.ts'
export { runMetrics } from './run-metrics.ts'
export { statusJson } from './status-json.ts'
export { statusText } from './status-text.ts'
export { nowLines, tell, untold } from './telling.ts'
export { bytes, count, plural } from './words.ts'
export {
  adapterList,
  adapterPage,
  adaptersPage,
  type AdapterWords,
  errorsPage,
  generated,
  kindList,
  kindPage,
  kindsPage,
  type KindWords,
  planPage,
  recipeList,
  recipePage,
  recipesPage,
  type RecipeWords,
  yamlLines,
} from './reference.ts'
export { md, mdCode, mdSections, mdTable } from './markdown.ts'
export { lensPage, type OperationWords } from './reference-lens.ts'
