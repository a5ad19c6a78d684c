/** HTTPRoute of gateway.networking.k8s.io/v1, as strict as the cluster takes it: fields that it does not have are refused, so that a slip of the pen is found here. Pure. */
import { z } from 'zod'

/** 0 to 1,000,000; a weight that is left out is 1 (HTTPBackendRef). */
export const weight = z.int().min(0).max(1_000_000)
const port = z.int().min(1).max(65_535)
const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'a DNS name in lower case')
const label = z.string().max(63)
const group = z.union([z.literal(''), name])
const kind = z.string().regex(/^[a-zA-Z]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/)
const duration = z.string().regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/)
const headerName = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/)

const parentRef = z.strictObject({
  group: group.optional(),
  kind: kind.optional(),
  namespace: label.optional(),
  name,
  sectionName: name.optional(),
  port: port.optional(),
})

const valueMatch = z.strictObject({
  type: z.enum(['Exact', 'RegularExpression']).optional(),
  name: headerName,
  value: z.string().min(1).max(4096),
})

const match = z.strictObject({
  path: z
    .strictObject({
      type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).optional(),
      value: z.string().max(1024).optional(),
    })
    .optional(),
  headers: z.array(valueMatch).max(16).optional(),
  queryParams: z.array(valueMatch).max(16).optional(),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']).optional(),
})

/** What stands in each is the cluster's; that it is the one of its type is not. */
const filterFields = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  ExtensionRef: 'extensionRef',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
} as const
const filter = z.union(
  Object.entries(filterFields).map(([type, field]) =>
    z.strictObject({ type: z.literal(type), [field]: z.looseObject({}) }),
  ) as unknown as readonly [z.ZodType<{ readonly type: string }>, z.ZodType<{ readonly type: string }>],
)

const backend = z
  .strictObject({
    group: group.optional(),
    kind: kind.optional(),
    name,
    namespace: label.optional(),
    port: port.optional(),
    weight: weight.optional(),
    filters: z.array(filter).max(16).optional(),
  })
  .refine((ref) => ref.port !== undefined || (ref.group ?? '') !== '' || (ref.kind ?? 'Service') !== 'Service', {
    path: ['port'],
    message: 'a backend that is a Service needs a port',
  })

const rule = z.strictObject({
  name: name.optional(),
  matches: z.array(match).max(64).optional(),
  filters: z.array(filter).max(16).optional(),
  backendRefs: z.array(backend).max(16).optional(),
  timeouts: z.strictObject({ request: duration.optional(), backendRequest: duration.optional() }).optional(),
  retry: z.looseObject({}).optional(),
  sessionPersistence: z.looseObject({}).optional(),
})

/** `metadata` and `status` belong to the cluster, and may hold more. */
export const httpRoute = z.strictObject({
  apiVersion: z.enum(['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1']),
  kind: z.literal('HTTPRoute'),
  metadata: z.looseObject({ name, namespace: label.optional(), resourceVersion: z.string().min(1).optional() }),
  spec: z.strictObject({
    parentRefs: z.array(parentRef).max(32).optional(),
    hostnames: z.array(z.string().min(1).max(253)).max(16).optional(),
    useDefaultGateways: z.string().optional(),
    rules: z.array(rule).min(1).max(16),
  }),
  status: z.looseObject({}).optional(),
})
export type HttpRoute = z.output<typeof httpRoute>

const pointer = z.string().regex(/^(\/([^~/]|~0|~1)*)+$/)

/** RFC 6902, as far as this tool writes it. */
export const jsonPatch = z
  .array(
    z.discriminatedUnion('op', [
      z.strictObject({ op: z.literal('test'), path: pointer, value: z.union([z.string(), z.number()]) }),
      z.strictObject({ op: z.enum(['add', 'replace']), path: pointer.regex(/\/weight$/), value: weight }),
    ]),
  )
  .min(1)
export type JsonPatch = z.output<typeof jsonPatch>
