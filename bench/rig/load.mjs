/** A load generator for machines without wrk: requests on kept connections, one at a time each, for some seconds. Says what it measured as JSON. */
import { connect } from 'node:net'

const [url, connections, seconds] = process.argv.slice(2)
const { hostname, port, pathname } = new URL(url)
const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nX-User: user-1\r\n\r\n`
const times = []
let [failed, going] = [0, true]

function client() {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let [left, head, started] = [-1, '', 0]
    const ask = () => {
      if (!going) return socket.end()
      started = performance.now()
      left = -1
      head = ''
      socket.write(request)
    }
    socket.on('connect', ask)
    socket.on('data', (bytes) => {
      if (left < 0) {
        head += bytes.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        if (!head.startsWith('HTTP/1.1 200')) failed += 1
        left = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) - (head.length - end - 4)
      } else {
        left -= bytes.length
      }
      if (left > 0) return
      times.push(performance.now() - started)
      ask()
    })
    socket.on('error', () => (failed += 1))
    socket.on('close', resolve)
  })
}

const from = performance.now()
setTimeout(() => (going = false), Number(seconds) * 1000)
await Promise.all(Array.from({ length: Number(connections) }, client))
const took = (performance.now() - from) / 1000
times.sort((a, b) => a - b)
const quantile = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
console.log(
  JSON.stringify({
    requests: times.length,
    perSecond: times.length / took,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    failed,
  }),
)
