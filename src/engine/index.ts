/** Floor 3: the only floor that acts. */
export { type Bench, type BenchOptions, openBench } from './bench.ts'
export { type Control, control, latestRun } from './control.ts'
export { drive, type DriveOptions } from './drive.ts'
export { type FileJournalOptions, openJournalAt } from './journal-files.ts'
export { amend, checkPlan, makePlanNow, mustBeFree, mustBeReleased, openRun, type OpenOptions } from './planning.ts'
export { verifyRun } from './verify.ts'
export { work, type WorkOptions } from './work.ts'
export { systemClock, thisActor } from './this-process.ts'
