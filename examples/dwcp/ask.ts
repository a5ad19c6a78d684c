/** A question to the endpoints of a node. */
const patienceMs = 20_000

/** POST where there is a body. Throws for every answer that is not good, and for none in 20 s. */
export async function ask<T>(url: string, body?: object): Promise<T> {
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const answer = await fetch(url, { ...sent, signal: AbortSignal.timeout(patienceMs) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return (await answer.json()) as T
}
