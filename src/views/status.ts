/** The room's second door, with only what `changeover status` shows: it must start at once, so it loads no plan and no report. */
export { evolvePace, type Pace } from './pace.ts'
export { colour, fit, type Paint, plain } from './paint.ts'
export { statusJson } from './status-json.ts'
export { statusText } from './status-text.ts'
