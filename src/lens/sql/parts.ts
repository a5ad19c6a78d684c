/** Texts cut, joined, and set into a pattern. */
import { chooseSql } from './compare.ts'
import { nullJson, toJson } from './forms.ts'
import { strict, textSql } from './strict.ts'
import { once, quoteText, refuseSql } from './text.ts'
import { familyOf } from './column-types.ts'
import { type Misfit, NoSql, type SqlValue } from './value.ts'

/** How a text is cut into fields, and put together again. */
export interface Splitting {
  readonly path: string
  readonly separator: string
  readonly rule: 'first' | 'last' | 'refuse'
  /** How many fields. */
  readonly into: number
}

/** Literals around and between the fields: one more than there are fields. */
export interface Template {
  readonly literals: readonly string[]
  readonly fields: readonly string[]
}

/** An expression of type text, NULL for null and absent. */
function textOf(value: SqlValue, at: string, misfit: Misfit): string {
  if (value.form === 'absent') return 'NULL::text'
  if (value.form === 'constant') {
    if (value.value === null) return 'NULL::text'
    if (typeof value.value === 'string') return `${quoteText(value.value)}::text`
    throw new NoSql(`the constant at "${at}" is no text`)
  }
  if (value.form === 'column' && familyOf(value.type) === 'text') return textSql(value.sql, value.type)
  if (value.form === 'column' && familyOf(value.type) !== 'json')
    throw new NoSql(`"${at}" is a column of type ${value.type} where a text is needed`)
  const sql = toJson(value)
  const other = misfit === 'null' ? 'NULL::text' : refuseSql(at, 'a text is needed', `jsonb_typeof(${sql})`, 'text')
  return `CASE jsonb_typeof(${sql}) WHEN 'string' THEN ${sql} #>> '{}' WHEN 'null' THEN NULL ELSE ${other} END`
}

/** The field at `index` of those that a text is cut into. */
export function partSql(
  how: Splitting,
  index: number,
  value: SqlValue,
  held: readonly SqlValue[],
  misfit: Misfit,
): SqlValue {
  if (value.form === 'absent') return value
  const text = textOf(value, how.path, misfit)
  const made = once(text, (name) => cutSql(how, index, name, misfit))
  const cut: SqlValue =
    value.form === 'column' || value.form === 'constant'
      ? { form: 'column', sql: made, type: 'text' }
      : inJson(value, made)
  if (held.every((each) => each.form === 'absent')) return cut
  const texts = held.map((each) => textOf(each, how.path, 'null'))
  const fit = held.flatMap((each) =>
    each.form === 'json' ? [`COALESCE(jsonb_typeof(${each.sql}), 'null') IN ('string', 'null')`] : [],
  )
  const same = [
    `concat_ws(${quoteText(how.separator)}, ${texts.join(', ')}) = ${text}`,
    `COALESCE(${texts.join(', ')}) IS NOT NULL`,
    ...fit,
  ]
  return chooseSql(same.join(' AND '), held[index]!, cut)
}

function inJson(value: SqlValue, made: string): SqlValue {
  return {
    form: 'json',
    sql: `CASE WHEN ${toJson(value)} IS NOT NULL THEN COALESCE(to_jsonb(${made}), ${nullJson}) END`,
  }
}

/** string_to_array answers no part at all for the empty text, which is one empty part. */
function cutSql({ path, separator, rule, into }: Splitting, index: number, text: string, misfit: Misfit): string {
  const parts = `string_to_array(${text}, ${quoteText(separator)})`
  const count = `cardinality(${parts})`
  const whole = (from: string, to: string) => `array_to_string((${parts})[${from}:${to}], ${quoteText(separator)})`
  const short = quickCut(separator, rule, into, index, text)
  if (short !== undefined) return short
  const plain = index === 0 ? `COALESCE((${parts})[1], ${text})` : `(${parts})[${index + 1}]`
  if (rule === 'refuse')
    return `CASE WHEN ${count} > ${into} THEN ${misfit === 'null' ? 'NULL::text' : refuseSql(path, `too many parts for ${into} fields`, `${count}::text`, 'text')} ELSE ${plain} END`
  if (rule === 'first')
    return index < into - 1 ? plain : `CASE WHEN ${count} >= ${into} THEN ${whole(String(into), '')} END`
  const late = index === 0 ? whole('1', `${count} - ${into - 1}`) : `(${parts})[${count} - ${into - 1 - index}]`
  return `CASE WHEN ${count} > ${into} THEN ${late} ELSE ${plain} END`
}

/** Two fields cut at the first separator need no array. */
function quickCut(
  separator: string,
  rule: Splitting['rule'],
  into: number,
  index: number,
  text: string,
): string | undefined {
  if (rule !== 'first') return undefined
  if (index === 0) return `split_part(${text}, ${quoteText(separator)}, 1)`
  if (into > 2) return undefined
  const at = `strpos(${text}, ${quoteText(separator)})`
  return `CASE WHEN ${at} > 0 THEN substr(${text}, ${at} + ${Array.from(separator).length}) END`
}

export function joinSql(how: Splitting, values: readonly SqlValue[], misfit: Misfit): SqlValue {
  const texts = values.map((each) => textOf(each, how.path, misfit))
  const sql = `CASE WHEN COALESCE(${texts.join(', ')}) IS NOT NULL THEN concat_ws(${quoteText(how.separator)}, ${texts.join(', ')}) END`
  if (values.some((each) => each.form === 'column')) return { form: 'column', sql, type: 'text' }
  const there = values.filter((each) => each.form !== 'absent').map((each) => `${toJson(each)} IS NOT NULL`)
  if (there.length === 0) return { form: 'absent' }
  return { form: 'json', sql: `CASE WHEN ${there.join(' OR ')} THEN COALESCE(to_jsonb(${sql}), ${nullJson}) END` }
}

function single(template: Template): readonly [string, string] {
  if (template.fields.length > 1) throw new NoSql('a template with several fields is read by TypeScript')
  return [template.literals[0]!, template.literals[1]!]
}

export function surroundedSql(template: Template, values: readonly SqlValue[], misfit: Misfit): SqlValue {
  const [before, after] = single(template)
  const around = (sql: string) =>
    [before && quoteText(before), sql, after && quoteText(after)].filter((each) => each !== '').join(' || ')
  return strict(values[0]!, 'text', template.fields[0]!, misfit, (sql) => ({ sql: `(${around(sql)})`, type: 'text' }))
}

export function betweenSql(at: string, template: Template, value: SqlValue, misfit: Misfit): SqlValue {
  const [before, after] = single(template)
  const lengths = [before, after].map((each) => Array.from(each).length)
  const least = lengths[0]! + lengths[1]!
  return strict(value, 'text', at, misfit, (sql) => {
    const starts = `left(${sql}, ${lengths[0]}) = ${quoteText(before)}`
    const ends = `right(${sql}, ${lengths[1]}) = ${quoteText(after)}`
    const tests = [...(before === '' ? [] : [starts]), ...(after === '' ? [] : [ends]), `length(${sql}) >= ${least}`]
    const inside = `substr(${sql}, ${lengths[0]! + 1}, length(${sql}) - ${least})`
    const refused =
      misfit === 'null'
        ? 'NULL::text'
        : refuseSql(at, 'the template does not fit', `length(${sql})::text || ' characters'`, 'text')
    return { sql: `CASE WHEN ${tests.join(' AND ')} THEN ${inside} ELSE ${refused} END`, type: 'text' }
  })
}
