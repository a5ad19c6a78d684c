/** `changeover report`: what was planned and what happened, for people who were not there. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ChangeoverError, suggestion } from '../../core/errors.ts'
import {
  type Figures,
  makeReport,
  readFigures,
  type Report,
  reportHtml,
  reportJson,
  reportMarkdown,
} from '../../views/index.ts'
import type { Json } from '../../core/json.ts'
import type { Common, Door } from '../door.ts'
import { findRun, openJournalFor } from '../journal.ts'
import { writeOut } from '../out-file.ts'

const formats: Readonly<Record<string, (report: Report) => string>> = {
  html: reportHtml,
  markdown: reportMarkdown,
  json: (report) => `${JSON.stringify(reportJson(report), null, 2)}\n`,
}

export interface ReportOptions extends Common {
  readonly format?: string
  readonly out?: string
  readonly figures?: string
}

export async function report(options: ReportOptions, door: Door): Promise<number> {
  const format = options.format ?? (options.json ? 'json' : 'html')
  const render = formats[format]
  if (!render) {
    const message = `there is no report format "${format}"${suggestion(format, Object.keys(formats))}`
    throw new ChangeoverError('usage.unknown', message, `formats: ${Object.keys(formats).join(', ')}`)
  }
  if (door.json && format !== 'json' && options.out === undefined)
    throw new ChangeoverError(
      'usage.invalid',
      `\`--json\` prints no ${format}`,
      'leave one of them away, or name a file with `--out`',
    )
  const journal = await openJournalFor(options, door)
  try {
    const run = await findRun(journal, options)
    const text = render(makeReport(run, await journal.read(run), await figuresFrom(options, door)))
    // A page of HTML is no use on a screen of text.
    const out = options.out ?? (format === 'html' && door.live ? `${run}.html` : undefined)
    if (out === undefined) door.out(door.json ? `${JSON.stringify(JSON.parse(text))}\n` : text)
    else {
      await writeOut(out, text, door)
      if (door.json) door.out(`${JSON.stringify({ run, report: resolve(door.cwd, out) })}\n`)
      else door.out(`the report of ${run} is in ${out}\n`)
    }
    return 0
  } finally {
    await journal.close()
  }
}

async function figuresFrom(options: ReportOptions, door: Door): Promise<Figures> {
  if (options.figures === undefined) return {}
  try {
    return readFigures(JSON.parse(await readFile(resolve(door.cwd, options.figures), 'utf8')) as Json)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const help = 'give a file with one JSON object, see `changeover report --help`'
    throw new ChangeoverError('usage.invalid', `the figures "${options.figures}" cannot be read: ${why}`, help)
  }
}
