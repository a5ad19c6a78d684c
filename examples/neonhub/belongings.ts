/** What a NeonHub has beside its database: configuration, secrets, certificates and application data. Written once, at set-up. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { selfSigned } from './certificates.ts'

export interface Secrets {
  readonly DB_PASSWORD: string
  readonly FEDERATION_TOKEN: string
  readonly GATEWAY_TOKEN: string
}

/** `url` is the database's, `port` where v3 listens. */
export interface BelongingsOptions {
  readonly folder: string
  readonly url: string
  readonly port: number
}

/** Makes `config/neonhub.yml`, `config/.env`, `config/certs` and `data` below the folder. The secrets are new each time. */
export function writeBelongings(given: BelongingsOptions): Secrets {
  const config = join(given.folder, 'config')
  mkdirSync(join(config, 'certs'), { recursive: true })
  const password = decodeURIComponent(new URL(given.url).password)
  const secrets = {
    DB_PASSWORD: password === '' ? randomBytes(18).toString('base64url') : password,
    FEDERATION_TOKEN: randomBytes(24).toString('base64url'),
    GATEWAY_TOKEN: randomBytes(24).toString('base64url'),
  }
  writeFileSync(join(config, 'neonhub.yml'), v3Config(given))
  writeFileSync(join(config, '.env'), environment(secrets), { mode: 0o600 })
  writeCertificates(join(config, 'certs'))
  writeData(join(given.folder, 'data'))
  return secrets
}

function v3Config({ url, port }: BelongingsOptions): string {
  const at = new URL(url)
  return `# NeonHub v3.3, production
# Changed by hand: keep the comments.

database:
  host: ${at.hostname}        # loopback only, never 0.0.0.0
  port: ${at.port === '' ? 5432 : at.port}
  name: ${at.pathname.slice(1)}
  username: ${decodeURIComponent(at.username) || 'postgres'}
  password: \${DB_PASSWORD}    # from the environment, never written here
  pool_size: 10          # connections of one service

api:
  host: 127.0.0.1
  port: ${port}
  ssl:
    enabled: false       # the proxy in front ends TLS
    cert: certs/server.crt
    key: certs/server.key
  rate_limit: 500        # requests a second for each client

# What v3 keeps in memory
cache:
  enabled: true
  ttl: 3600

logging:
  level: info
  format: "json"         # or "text"
  fields: [time, level, message]

features:
  beta_models: false
`
}

function environment(secrets: Secrets): string {
  return `# Secrets of NeonHub. Never committed, never logged.
NEONHUB_ENV=production
NEONHUB_REGION=eu-central-1
DB_PASSWORD=${secrets.DB_PASSWORD}

# Given out by the federation
FEDERATION_TOKEN="${secrets.FEDERATION_TOKEN}"

# Whoever knows it may say which version gets the requests
GATEWAY_TOKEN=${secrets.GATEWAY_TOKEN}
`
}

function writeCertificates(folder: string): void {
  const server = selfSigned('neonhub.example', new Date(), 30)
  const authority = selfSigned('NeonHub test authority', new Date(), 365)
  writeFileSync(join(folder, 'server.crt'), server.certificate)
  writeFileSync(join(folder, 'ca.pem'), authority.certificate)
  writeFileSync(join(folder, 'server.key'), server.privateKey, { mode: 0o600 })
  // as proxies want it: both in one file. By its name a certificate, and yet it must not end in a backup
  writeFileSync(join(folder, 'proxy.pem'), server.certificate + server.privateKey, { mode: 0o600 })
}

function writeData(folder: string): void {
  mkdirSync(join(folder, 'avatars'), { recursive: true })
  mkdirSync(join(folder, 'checkpoints', 'Modèle № 1'), { recursive: true })
  for (const id of [1, 2, 3]) {
    const color = createHash('sha256').update(String(id)).digest('hex').slice(0, 6)
    writeFileSync(
      join(folder, 'avatars', `${id}.svg`),
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#${color}"/></svg>\n`,
    )
  }
  writeFileSync(join(folder, 'checkpoints', 'Modèle № 1', 'weights.bin'), bytes('weights', 64 * 1024))
  writeFileSync(join(folder, 'checkpoints', 'empty.bin'), '')
}

/** The same bytes for the same word. */
function bytes(word: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash('sha256').update(`${word}:${index}`).digest(),
  )
  return Buffer.concat(blocks).subarray(0, length)
}
