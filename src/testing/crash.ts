/** Kills a run at a chosen call, as kill -9 would: the call before it happened or after, and every later call of the dead. Knows no port. */

/** Thrown in place of the call at which the process dies. Nobody may catch it for good. */
export class Killed extends Error {
  constructor(where: string) {
    super(`killed ${where}`)
    this.name = 'Killed'
  }
}

/** Counts the points at which a process could die, and dies at number `at` (from 1). Without `at` it only counts. */
export class Fate {
  readonly at: number
  points = 0
  dead = false
  where = ''

  constructor(at = Infinity) {
    this.at = at
  }

  /** One point. Throws `Killed` there and ever after. */
  pass(where: string): void {
    if (!this.dead) {
      this.points += 1
      if (this.points !== this.at) return
      this.dead = true
      this.where = where
    }
    throw new Killed(this.where)
  }
}

/** The same object, each of whose calls passes two points: before and after. Objects handed out or handed to a callback are doomed too. */
export function doomed<T extends object>(target: T, fate: Fate, path = ''): T {
  return new Proxy(target, {
    get(from, key) {
      const value: unknown = Reflect.get(from, key, from)
      if (typeof value !== 'function' || typeof key === 'symbol')
        return isService(value) ? doomed(value, fate, `${path}.${String(key)}`) : value
      const name = `${path}.${key}`
      return (...args: readonly unknown[]) => {
        const end = endAt(fate, `before ${name}`)
        if (end) return dead(end)
        const given = args.map((each) =>
          typeof each === 'function' ? wrapCallback(each as Callback, fate, name) : each,
        )
        return after(Reflect.apply(value as Callback, from, given), fate, name)
      }
    },
  })
}

function endAt(fate: Fate, where: string): unknown {
  try {
    fate.pass(where)
    return undefined
  } catch (error) {
    return error
  }
}

/**
 * What a call of the dead answers: a promise that rejects and, where it is iterated, an iteration that throws. Calls on ports answer one or
 * the other; to throw at once would strand the promise of a call that was made beside this one, which no real port does.
 */
function dead(error: unknown): unknown {
  const answer = Promise.reject(error as Error)
  answer.catch(() => undefined)
  const iterate = () => ({ next: () => Promise.reject(error as Error) })
  return Object.assign(answer, { [Symbol.asyncIterator]: iterate })
}

type Callback = (...args: readonly unknown[]) => unknown

function wrapCallback(callback: Callback, fate: Fate, name: string): Callback {
  return (...inner) => callback(...inner.map((each) => (isService(each) ? doomed(each, fate, `${name}()`) : each)))
}

function after(result: unknown, fate: Fate, name: string): unknown {
  if (result instanceof Promise) {
    return result.then((value: unknown) => {
      fate.pass(`after ${name}`)
      return isService(value) ? doomed(value, fate, `${name}()`) : value
    })
  }
  return isService(result) ? doomed(result, fate, `${name}()`) : result
}

/** An object with methods of its own making, as against data, buffers, streams and iterables. */
function isService(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false
  if (Symbol.asyncIterator in value || Symbol.iterator in value || value instanceof Promise || value instanceof Date)
    return false
  const names = [...Object.keys(value), ...Object.getOwnPropertyNames(Object.getPrototypeOf(value) ?? {})]
  const proto: unknown = Object.getPrototypeOf(value)
  return names.some(
    (name) =>
      name !== 'constructor' &&
      (proto !== Object.prototype || Object.hasOwn(value, name)) &&
      typeof Reflect.get(value, name) === 'function',
  )
}
