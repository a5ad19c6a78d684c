/** Where the plan's messages to the team go: a receiver that counts them. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export async function openHook(): Promise<{ readonly url: string; readonly messages: () => number }> {
  let count = 0
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      count += 1
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, messages: () => count }
}
