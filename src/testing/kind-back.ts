/** The kit's checks of the ways back that a kind need not have: by itself after a failed look, and several steps in one effect. */
import { ok } from 'node:assert'
import type { Mark } from '../core/kind.ts'
import type { Json } from '../core/json.ts'
import { Fate } from './crash.ts'
import { type Check, type Gone, inWorld, type KindCase, returned, same, snapshot, spread, Stage } from './kind-stage.ts'

export function backChecks(kindCase: KindCase): readonly Check[] {
  const retreat: Check = kindCase.retreats
    ? {
        name: 'stopped at any mark by a failed look, goes back, killed or not, and from there on to the end and to the start',
        run: () => retreats(kindCase),
      }
    : { name: 'does not go back by itself after a failed look', run: () => inWorld(kindCase, staysWhereItIs) }
  const together: Check = {
    name: 'several steps are taken back in one effect, killed or not, to what was before the oldest',
    run: () => takenBackTogether(kindCase, kindCase.followedBy ?? []),
  }
  return [...(kindCase.kind.retreat ? [retreat] : []), ...(kindCase.followedBy ? [together] : [])]
}

const judgements = ['gate.failed', 'run.blocked']

async function staysWhereItIs(stage: Stage): Promise<void> {
  const { kind } = stage.kindCase
  for (const code of judgements)
    ok(
      kind.retreat?.(stage.draft.work, stage.context(null, new Fate()), { code }) === undefined,
      `${kind.name} goes back after ${code}`,
    )
}

function back(stage: Stage, code: string, applied: Mark, fate: Fate): Promise<Gone> {
  const { kind } = stage.kindCase
  return stage.enter('retreat', { from: applied, fate, applied }, (context) => {
    const marks = kind.retreat?.(stage.draft.work, context, { code })
    ok(marks, `${kind.name} does not go back after ${code}`)
    return marks
  })
}

async function retreats(kindCase: KindCase): Promise<void> {
  let marks = 0
  let end: Json = null
  await inWorld(kindCase, async (stage) => {
    marks = (await stage.go('apply', null, new Fate())).marks
    end = await snapshot(stage.world)
  })
  for (const code of judgements)
    for (let failed = 0; failed <= marks; failed++) await retreatsFrom(kindCase, code, failed, end)
}

/** `failed`: how many marks the step had yielded when it was stopped. */
async function retreatsFrom(kindCase: KindCase, code: string, failed: number, end: Json): Promise<void> {
  const stopped = (stage: Stage) =>
    stage.enter('apply', { from: null, fate: new Fate(), applied: null, leave: failed }, (context) =>
      kindCase.kind.apply(stage.draft.work, context, null),
    )
  const found = { points: 0, held: null as Json }
  await inWorld(kindCase, async (stage) => {
    const { mark: applied } = await stopped(stage)
    const fate = new Fate()
    const { mark } = await back(stage, code, applied, fate)
    ok(mark?.note, 'a retreat ends in no note of where the step stands')
    Object.assign(found, { points: fate.points, held: await snapshot(stage.world) })
    await stage.go('rollback', null, new Fate(), mark)
    await returned(stage, `rolled back after the retreat from mark ${failed}`)
  })
  for (const point of spread(found.points, kindCase.most))
    await inWorld(kindCase, async (stage) => {
      const { mark: applied } = await stopped(stage)
      const fate = new Fate(point)
      const died = await back(stage, code, applied, fate)
      const where = `the retreat (${code}) from mark ${failed}, killed ${fate.where}`
      const { mark } = await back(stage, code, died.mark, new Fate())
      same(await snapshot(stage.world), found.held, where)
      const resumed = await stage.go('apply', mark, new Fate())
      same(await snapshot(stage.world), end, `${where}, and resumed`)
      await stage.go('rollback', null, new Fate(), resumed.mark)
      await returned(stage, `${where}, resumed and rolled back`)
    })
}

/** The steps applied one after the other, the newest last. */
async function inRow(first: Stage, specs: readonly Json[]): Promise<readonly { stage: Stage; mark: Mark }[]> {
  const row: { stage: Stage; mark: Mark }[] = []
  for (const spec of [undefined, ...specs]) {
    const stage =
      spec === undefined ? first : new Stage({ ...first.kindCase, spec }, first.world, await snapshot(first.world))
    row.push({ stage, mark: (await stage.go('apply', null, new Fate())).mark })
  }
  return row
}

type Row = Awaited<ReturnType<typeof inRow>>

/** `newest`: how many of the newest are left out, since they were taken back already. */
function rowBack(row: Row, from: Mark, fate: Fate, newest = 0): Promise<Gone> {
  const still = row.toReversed().slice(newest)
  const [last] = still
  ok(last, 'a row has a step')
  return last.stage.enter('rollbackTogether', { from, fate, applied: last.mark }, (context) => {
    const works = still.map(({ stage }) => stage.draft.work)
    const marks = last.stage.kindCase.kind.rollbackTogether?.(works, context, from)
    ok(marks, 'the kind has no `rollbackTogether`')
    return marks
  })
}

async function takenBackTogether(kindCase: KindCase, specs: readonly Json[]): Promise<void> {
  let points = 0
  await inWorld(kindCase, async (stage) => {
    const row = await inRow(stage, specs)
    const fate = new Fate()
    const { mark } = await rowBack(row, null, fate)
    points = fate.points
    await returned(stage, 'after all were taken back together')
    for (let newest = 0; newest < row.length; newest++)
      for (const from of [null, mark]) {
        await rowBack(row, from, new Fate(), newest)
        await returned(stage, `after all were taken back, and again without the newest ${newest}`)
      }
  })
  for (const point of spread(points, kindCase.most))
    await inWorld(kindCase, async (stage) => {
      const row = await inRow(stage, specs)
      const fate = new Fate(point)
      const { mark } = await rowBack(row, null, fate)
      await rowBack(row, mark, new Fate())
      await returned(stage, `killed ${fate.where} while all were taken back, and entered again`)
    })
}
