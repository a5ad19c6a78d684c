/** `changeover/gateway`: the built-in reverse proxy, for development, shadow and small systems. Shares, sticky users, drain, shadow. */
export { type Gateway, startGateway } from './gateway.ts'
export { type GatewayConfig, readGatewayConfig } from './config.ts'
export type { ShadowFindings } from './shadow/index.ts'
