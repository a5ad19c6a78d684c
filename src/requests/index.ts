/** Requests as several kinds need them: delivered with bounded retries, their answers judged by declarative checks. */
export { type AnswerCheck, answerCheck, isStatus, judgeAnswer } from './answer.ts'
export { deliver, type Retries, retries } from './deliver.ts'
export { type Judgement, judgeAll, judgeValue, type ValueCheck, valueCheck } from './value.ts'
