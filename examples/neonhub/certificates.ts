/** Certificates for a test, made here and now: an EC key and a self-signed X.509 certificate for loopback. No program of the system is needed. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface Certificate {
  readonly certificate: string
  readonly privateKey: string
}

const oids = {
  commonName: Buffer.from('550403', 'hex'),
  ecdsaWithSha256: Buffer.from('2a8648ce3d040302', 'hex'),
  subjectAltName: Buffer.from('551d11', 'hex'),
}

/** PEM texts. Good for `days` from `now`, for `localhost` and 127.0.0.1. RFC 5280, section 4.1. */
export function selfSigned(commonName: string, now: Date, days: number): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(0x30, der(0x06, oids.ecdsaWithSha256))
  const name = der(0x30, der(0x31, der(0x30, der(0x06, oids.commonName), der(0x0c, Buffer.from(commonName)))))
  const validity = der(0x30, time(now), time(new Date(now.getTime() + days * 86_400_000)))
  const names = der(0x30, der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))
  const extensions = der(0xa3, der(0x30, der(0x30, der(0x06, oids.subjectAltName), der(0x04, names))))
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)]))
  const version = der(0xa0, der(0x02, Buffer.from([2])))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const body = der(0x30, version, serial, algorithm, name, validity, name, spki, extensions)
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  return {
    certificate: pem('CERTIFICATE', der(0x30, body, algorithm, signature)),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** One value of the Distinguished Encoding Rules. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

function time(at: Date): Buffer {
  const text = at.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return der(0x17, Buffer.from(text.slice(2)))
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').replaceAll(/.{1,64}/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`
}
