/** A table of the HTML report, and the tag in a cell of one. Knows no report. */
import { type Html, html } from './html.ts'
import type { Tone } from './report-words.ts'

/** The heading of a column of numbers. */
export function numbers(text: string): Html {
  return html`<th class="n">${text}</th>`
}

/** Rows below their headings; a heading that is plain text is that of a column of texts. */
export function table(headings: readonly (string | Html)[], rows: readonly Html[], foot?: Html): Html {
  const heads = headings.map((each) => (typeof each === 'string' ? html`<th>${each}</th>` : each))
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
      ${
        foot === undefined
          ? undefined
          : html`<tfoot>
              ${foot}
            </tfoot>`
      }
    </table>
  </div>`
}

/** A word on a ground of its tone. */
export function tag(text: string, of: Tone): Html {
  return html`<span class="tag ${of}">${text}</span>`
}
