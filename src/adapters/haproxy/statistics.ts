/** `show stat` as series, under the names that HAProxy's own Prometheus page gives them: a query means the same on the socket, on that page and in a Prometheus. Pure. */
import type { Series } from '../../metrics/index.ts'
import type { Line } from './tables.ts'

/** Columns of `show stat` and what they are called behind `haproxy_frontend_`, `haproxy_backend_` and `haproxy_server_`. */
const plain: readonly (readonly [column: string, name: string])[] = [
  ['qcur', 'current_queue'],
  ['scur', 'current_sessions'],
  ['smax', 'max_sessions'],
  ['stot', 'sessions_total'],
  ['bin', 'bytes_in_total'],
  ['bout', 'bytes_out_total'],
  ['dresp', 'responses_denied_total'],
  ['ereq', 'request_errors_total'],
  ['econ', 'connection_errors_total'],
  ['eresp', 'response_errors_total'],
  ['wretr', 'retry_warnings_total'],
  ['wredis', 'redispatch_warnings_total'],
  ['cli_abrt', 'client_aborts_total'],
  ['srv_abrt', 'server_aborts_total'],
  ['weight', 'weight'],
  ['chkfail', 'check_failures_total'],
  ['chkdown', 'check_up_down_total'],
]

/** Of the last 1024 requests, in milliseconds there; there are no percentiles. */
const averages: readonly (readonly [column: string, name: string])[] = [
  ['qtime', 'queue_time_average_seconds'],
  ['ctime', 'connect_time_average_seconds'],
  ['rtime', 'response_time_average_seconds'],
  ['ttime', 'total_time_average_seconds'],
]

const codes = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other']

const kinds: { readonly [type: string]: 'frontend' | 'backend' | 'server' } = {
  '0': 'frontend',
  '1': 'backend',
  '2': 'server',
}

/** `at` in milliseconds since 1970. */
export function seriesOf(lines: readonly Line[], at: number): readonly Series[] {
  return lines.flatMap((line) => {
    const kind = kinds[line['type'] ?? '']
    return kind === undefined ? [] : [...counted(line, kind), ...(kind === 'frontend' ? [] : timed(line, kind, at))]
  })
}

function counted(line: Line, kind: 'frontend' | 'backend' | 'server'): readonly Series[] {
  const labels = labelsOf(line, kind)
  const of = (column: string, name: string, more: { readonly [label: string]: string } = {}) => {
    const text = line[column] ?? ''
    if (text === '') return []
    return [{ name: `haproxy_${kind}_${name}`, labels: { ...labels, ...more }, value: Number(text), at: null }]
  }
  return [
    ...plain.flatMap(([column, name]) => of(column, name)),
    // Of a server the page has sessions only.
    ...(kind === 'server' ? [] : of('req_tot', 'http_requests_total')),
    ...codes.flatMap((code) => of(`hrsp_${code}`, 'http_responses_total', { code })),
  ]
}

/**
 * An average says nothing of now when the last request was an hour ago: it is as old as that request, so that `maxStalenessMs` of a gate holds.
 * Where there never was one the page shows 0; here there is nothing, which no gate takes for good news.
 */
function timed(line: Line, kind: 'backend' | 'server', at: number): readonly Series[] {
  const idle = Number(line['lastsess'] || -1)
  if (idle < 0) return []
  return averages.map(([column, name]) => ({
    name: `haproxy_${kind}_${name}`,
    labels: labelsOf(line, kind),
    value: Number(line[column]) / 1000,
    at: at - idle * 1000,
  }))
}

function labelsOf(line: Line, kind: 'frontend' | 'backend' | 'server') {
  const proxy = { proxy: line['pxname'] ?? '' }
  return kind === 'server' ? { ...proxy, server: line['svname'] ?? '' } : proxy
}
