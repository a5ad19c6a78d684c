/** A small HTTP server that measures itself, for tests of metrics: requests by code, durations, memory. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface MeasuredServer {
  /** host:port */
  readonly at: string
  /** Serves so many requests of its own, of which a share fails. */
  serve(requests: number, failed: number): Promise<void>
  /** Headers of the scrapes there were. */
  readonly scrapes: readonly { readonly [name: string]: string | string[] | undefined }[]
  stop(): Promise<void>
}

const bounds = [0.005, 0.05, 0.5]

export async function startMeasuredServer(openMetrics = false): Promise<MeasuredServer> {
  const codes = new Map([
    ['200', 0],
    ['500', 0],
  ])
  const buckets = [0, 0, 0, 0]
  const scrapes: { readonly [name: string]: string | string[] | undefined }[] = []
  const page = () => {
    const lines = [...codes].map(([code, count]) => `http_requests_total{code="${code}"} ${count}`)
    const le = [...bounds.map(String), '+Inf'].map(
      (bound, index) => `http_seconds_bucket{le="${bound}"} ${buckets[index]}`,
    )
    const gauges = [`memory_bytes ${process.memoryUsage().rss}`, 'broken_ratio NaN']
    return `# TYPE http_requests counter\n${[...lines, ...le, ...gauges].join('\n')}\n${openMetrics ? '# EOF\n' : ''}`
  }
  const type = openMetrics ? 'application/openmetrics-text; version=1.0.0' : 'text/plain; version=0.0.4'
  const server = createServer((request, response) => {
    if (request.url === '/metrics') {
      scrapes.push(request.headers)
      response.writeHead(200, { 'content-type': type }).end(page())
      return
    }
    const start = performance.now()
    const code = request.url === '/fail' ? '500' : '200'
    response.writeHead(Number(code)).end('x', () => {
      codes.set(code, (codes.get(code) ?? 0) + 1)
      const seconds = (performance.now() - start) / 1000
      for (const [index, bound] of [...bounds, Infinity].entries())
        if (seconds <= bound) buckets[index] = (buckets[index] ?? 0) + 1
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    at,
    scrapes,
    serve: async (requests, failed) => {
      for (let each = 0; each < requests; each++)
        await (await fetch(`http://${at}/${each < failed ? 'fail' : 'ok'}`)).text()
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
