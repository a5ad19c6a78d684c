/** What a plan says of a HAProxy: its socket, and how each route is cut into sides. */
import { z } from 'zod'

/** Names go into commands, map files and configuration lines: nothing in them may end a word there. */
const name = z.string().regex(/^[A-Za-z0-9_.:-]+$/, 'a name of letters, digits, "_", ".", ":" and "-"')
const path = z.string().regex(/^[^\s,()'"\\#;]+$/, 'a path without blanks, quotes, brackets, "," ";" "#" and "\\"')

const byWeight = z.strictObject({
  backend: name.describe('The backend whose servers are shared out.'),
  sides: z
    .record(name, z.array(name).min(1))
    .refine((sides) => Object.keys(sides).length >= 2, 'a route has at least two sides')
    .refine((sides) => unique(Object.values(sides).flat()), 'a server is in one side only')
    .describe('The servers of each side. Each request is shared for itself, by weight.'),
})

const sticky = z
  .strictObject({
    sticky: z
      .strictObject({
        flag: z
          .string()
          .min(1)
          .describe('The key of the flag whose bucket it is: a user is on the same side here and there.'),
        newer: name.describe('The side that users come to as its share grows: those whose bucket is below it.'),
        map: path
          .startsWith('/')
          .describe('The map file as the configuration of the proxy names it, with its whole path.'),
      })
      .describe('A user stays on one side, by a bucket of 10,000.'),
    sides: z
      .record(name, name)
      .refine((sides) => Object.keys(sides).length === 2, 'a sticky route has two sides')
      .describe('The backend of each side.'),
  })
  .refine((route) => Object.hasOwn(route.sides, route.sticky.newer), {
    message: 'the newer side is one of `sides`',
    path: ['sticky', 'newer'],
  })

export const settingsShape = z.strictObject({
  socket: path.describe('The runtime socket: absolute, or relative to the folder of the plan.'),
  timeoutMs: z.int().min(1).default(2000).describe('Until an answer of the socket, in milliseconds.'),
  stateFile: path
    .optional()
    .describe(
      'The `server-state-file` of the proxy: written after each change, so that weights and drained servers are kept over a reload.',
    ),
  routes: z
    .record(name, z.union([byWeight, sticky]))
    .refine((routes) => Object.keys(routes).length > 0, 'there is at least one route'),
})

export type HaproxyConfig = z.input<typeof settingsShape>
export type Settings = z.output<typeof settingsShape>
export type WeightRoute = z.output<typeof byWeight>
export type StickyRoute = z.output<typeof sticky>
export type Route = WeightRoute | StickyRoute

function unique(names: readonly string[]): boolean {
  return new Set(names).size === names.length
}
