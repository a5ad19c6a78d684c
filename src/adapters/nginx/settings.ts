/** What a plan says of an nginx: the file it includes, how it is tested and told, and how each route is cut into sides. */
import { z } from 'zod'

/** Names go into directives: nothing in them may end one. */
const name = z.string().regex(/^[A-Za-z0-9_.:-]+$/, 'a name of letters, digits, "_", ".", ":" and "-"')

const sides = z
  .record(name, name)
  .refine((given) => Object.keys(given).length >= 2, 'a route has at least two sides')
  .refine(
    (given) => new Set(Object.values(given)).size === Object.values(given).length,
    'each side has an upstream of its own',
  )
  .describe('The upstream of each side.')

const byRequest = z.strictObject({
  split: z
    .string()
    .regex(/^[$A-Za-z0-9_{}:.-]+$/, 'variables of nginx')
    .default('$request_id')
    .describe('What is hashed: each request for itself by default. Any hash of nginx is another than that of flags.'),
  sides,
})

const byBucket = z
  .strictObject({
    bucket: z
      .strictObject({
        header: name.describe('A header that whoever stands before nginx sets to the bucket of the user, 0 to 9999.'),
        newer: name.describe('The side of the users whose bucket is below its share.'),
      })
      .describe('A user stays on one side, the same as in flags.'),
    sides: sides.refine((given) => Object.keys(given).length === 2, 'a sticky route has two sides'),
  })
  .refine((route) => Object.hasOwn(route.sides, route.bucket.newer), {
    message: 'the newer side is one of `sides`',
    path: ['bucket', 'newer'],
  })

export const settingsShape = z.strictObject({
  include: z
    .string()
    .min(1)
    .describe(
      'The file this tool writes and `http` of nginx includes: absolute, or relative to the folder of the plan.',
    ),
  command: z
    .array(z.string().min(1))
    .min(1)
    .default(['nginx'])
    .describe('nginx with the arguments that name its configuration, as it was started; `-t` is added to test it.'),
  pidFile: z.string().min(1).default('/run/nginx.pid'),
  timeoutMs: z.int().min(1).default(10_000).describe('Until the new configuration serves, in milliseconds.'),
  routes: z
    .record(name, z.union([byRequest, byBucket]))
    .refine((routes) => Object.keys(routes).length > 0, 'there is at least one route'),
})

export type NginxConfig = z.input<typeof settingsShape>
export type Settings = z.output<typeof settingsShape>
export type Route = Settings['routes'][string]
