import { describe, expect, it } from 'vitest'
import { readPage } from './exposition.ts'
import { answerQuery, lookBack, type Scrape } from './page.ts'
import { readQuery } from './selector.ts'

const page = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
nothing NaN
spaced { a = "b" , } 1
rpc_bucket{le="0.1"} 10
rpc_bucket{le="0.5"} 30
rpc_bucket{le="+Inf"} 40
`

describe('a metrics page', () => {
  it('is read as Prometheus reads it', () => {
    const series = readPage(page, false)
    expect(series.map((each) => [each.name, each.value, each.at])).toEqual([
      ['http_requests_total', 1027, 1_395_066_363_000],
      ['http_requests_total', 3, 1_395_066_363_000],
      ['msdos_file_access_time_seconds', 1.458255915e9, null],
      ['metric_without_timestamp_and_labels', 12.47, null],
      ['something_weird', Infinity, -3_982_045],
      ['nothing', NaN, null],
      ['spaced', 1, null],
      ['rpc_bucket', 10, null],
      ['rpc_bucket', 30, null],
      ['rpc_bucket', 40, null],
    ])
    expect(series[2]?.labels).toEqual({ path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' })
    expect(series[6]?.labels).toEqual({ a: 'b' })
  })

  it('is read as OpenMetrics: seconds, exemplars, an end, quoted names', () => {
    const text =
      'foo_bucket{le="1"} 17 1520879607.789 # {trace_id="x"} 0.67\n{"my.metric", "a.b"="c"} 2\n# EOF\nrubbish'
    expect(readPage(text, true)).toEqual([
      { name: 'foo_bucket', labels: { le: '1' }, value: 17, at: 1_520_879_607_789 },
      { name: 'my.metric', labels: { 'a.b': 'c' }, value: 2, at: null },
    ])
    expect(() => readPage('foo 1\n', true)).toThrow('an OpenMetrics page ends in "# EOF"')
  })

  it('has three escapes, and takes what scrapers take', () => {
    const text = 'a{b="\\d\\n\\\\\\""} -inf\r\nb{ c = "d" , } +Infinity\nc{a="1" b="2"} 5. +7\nd{b="x # y",c="}"} .5'
    expect(readPage(text, false)).toEqual([
      { name: 'a', labels: { b: '\\d\n\\"' }, value: -Infinity, at: null },
      { name: 'b', labels: { c: 'd' }, value: Infinity, at: null },
      { name: 'c', labels: { a: '1', b: '2' }, value: 5, at: 7 },
      { name: 'd', labels: { b: 'x # y', c: '}' }, value: 0.5, at: null },
    ])
    expect(readPage('a 1 1.5\t# {b="c"} 1 2\n# EOF\n', true)).toEqual([{ name: 'a', labels: {}, value: 1, at: 1500 }])
  })

  it('takes labels by names that are words of the language', () => {
    const series = readPage('a{constructor="x",__proto__="y"} 1\na{b="1"} 2', false)
    const ask = (query: string) => answerQuery(readQuery(query), [{ at: 1, series }])
    const values = (query: string) => {
      const answer = ask(query)
      return answer.type === 'list' ? answer.items.map((each) => each.value) : []
    }
    expect(values('a{constructor="x"}')).toEqual([1])
    expect(values('a{constructor=""}')).toEqual([2])
    expect(values('a{__proto__="y"}')).toEqual([1])
    expect(values('a{toString!=""}')).toEqual([])
  })

  it.each([
    ['a 1\n1b 2', 'line 2: "1b 2" does not begin with a name'],
    ['a', 'line 1: "" is no value of "a"'],
    ['# HELP x\nx hello', 'line 2: "hello" is no value of "x"'],
    ['a 0x1', 'line 1: "0x1" is no value of "a"'],
    ['a 1 soon', 'line 1: "soon" is no time'],
    ['a{b="c} 1', 'line 1: the labels cannot be read from column 3 on'],
    ['a{b} 1', 'line 1: label "b" has no value'],
    ['a 1 2 3', 'line 1: "3" comes after the end of the line'],
    ['a 1 1.5', 'line 1: "1.5" is no time'],
    ['a 1 0x10', 'line 1: "0x10" is no time'],
    ['a 1 # {x="y"} 2', 'line 1: "#" is no time'],
    ['a +NaN', 'line 1: "+NaN" is no value of "a"'],
    ['{a="ok"} 1', 'line 1: the labels name no metric'],
    ['{} 1', 'line 1: the labels name no metric'],
    ['a{b="c",,} 1', 'line 1: the labels cannot be read from column 9 on'],
    ['a{b="c"d="e"} 1', 'line 1: the labels cannot be read from column 3 on'],
    ['<!doctype html>', 'line 1: "<!doctype html>" does not begin with a name'],
  ])('%j is refused: %s', (text, why) => {
    expect(() => readPage(text, false)).toThrow(why)
  })
})

describe('a query of a page', () => {
  const scrape = (at: number, text: string): Scrape => ({ at, series: readPage(text, false) })
  const two = [
    scrape(0, 'c{s="a"} 10\nc{s="b"} 5\ng 4\nd{le="1"} 0\nd{le="2"} 0\nd{le="+Inf"} 0'),
    scrape(10_000, 'c{s="a"} 30\nc{s="b"} 1\ng 6\nd{le="1"} 50\nd{le="2"} 90\nd{le="+Inf"} 100'),
  ]
  const ask = (text: string, scrapes: readonly Scrape[] = two) => {
    const answer = answerQuery(readQuery(text), scrapes)
    return answer.type === 'figure' ? answer.value : answer.items.map((each) => each.value)
  }

  it.each([
    ['g', [6]],
    ['c', [30, 1]],
    ['c{s="a"}', [30]],
    ["c{s!='a'}", [1]],
    ['c{s=~"a|x"}', [30]],
    ['c{s!~"a.*"}', [1]],
    ['c{other=""}', [30, 1]],
    ['{__name__="g"}', [6]],
    ['none', []],
    ['rate(c[20s])', [2, 0.1]],
    ['increase(c{s="a"}[1m])', [20]],
    ['delta(g[30s])', [2]],
    ['rate(c[5s])', []],
    ['rate(c[21s])', []],
    ['increase(c{s="a"}[21s])', [20]],
    ['sum(c)', [31]],
    ['max(c)', [30]],
    ['min(c)', [1]],
    ['avg(c)', [15.5]],
    ['count(c)', [2]],
    ['sum(none)', []],
    ['sum(rate(c[20s])) * 60', [126]],
    ['c{s="a"} / sum(c)', []],
    ['sum(c{s="b"}) / sum(c)', [1 / 31]],
    ['(1 + 2) * 3', 9],
    ['1 - -1', 2],
    ['histogram_quantile(0.5, d)', [1]],
    ['histogram_quantile(0.7, d)', [1.5]],
    ['histogram_quantile(0.99, d)', [2]],
    ['histogram_quantile(0.9, rate(d[20s]))', [2]],
    ['histogram_quantile(0.9, sum(d))', []],
  ] as const)('%s is %j', (text, wanted) => {
    expect(ask(text)).toEqual(wanted)
  })

  it('tells nothing of a rate from one scrape, of what has gone, or of an empty histogram', () => {
    expect(ask('rate(c[20s])', two.slice(1))).toEqual([])
    expect(ask('rate(c[20s])', [two[0]!, scrape(10_000, 'c{s="a"} 20')])).toEqual([1])
    expect(ask('histogram_quantile(0.5, d)', two.slice(0, 1))).toEqual([NaN])
    expect(lookBack(readQuery('sum(rate(c[20s])) / sum(rate(c[2m]))'))).toBe(120_000)
  })

  it.each([
    ['', 'column 1: the name of a metric is expected'],
    ['c{', 'column 3: the name of a label, or "}" is expected'],
    ['c{s="a"', 'column 8: "," or "}" is expected'],
    ['c{s=~"["}', 'column 9: "[" is no regular expression'],
    ['rate(c)', 'column 7: a range such as "[30s]" is expected'],
    ['rate(sum(c)[30s])', 'column 12: "rate" is of series: rate(name{label="x"}[30s])'],
    ['topk(c)', 'column 1: "topk" is no function here'],
    ['c d', 'column 3: "d" comes after the end of the query'],
    ['histogram_quantile(2, d)', 'column 21: 2 is no quantile: it is from 0 to 1'],
    ['{}', 'column 3: it names no metric'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => readQuery(text)).toThrow(why)
  })
})
