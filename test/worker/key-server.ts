import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'

/** An IMS that has keys and nothing else, and signs what a test wants. */
export interface KeyServer {
  readonly url: string
  readonly kid: string
  /** The public key as PEM. */
  readonly publicKey: string
  /** Paths that were asked for, oldest first. */
  readonly asked: readonly string[]
  /** What it answers instead of its keys. */
  fail: { readonly status: number; readonly headers?: Record<string, string> } | undefined
  /** Added to its answers. */
  headers: Record<string, string>
  /** From now on it publishes another key under the same id, and signs with that. */
  replaceKey(): Promise<void>
  claims(more?: Record<string, unknown>): Record<string, unknown>
  /** Any payload at all, under a good signature. */
  signText(payload: string): Promise<string>
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>, key?: CryptoKey): Promise<string>
}

const day = 86_400_000

export async function startKeyServer(): Promise<KeyServer> {
  const kid = 'ims_na1-key-at-1'
  const generate = async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } }
  }
  let current = await generate()
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const { status, headers = {} } = keys.fail ?? { status: 200 }
    response.writeHead(status, { 'content-type': 'application/json', ...keys.headers, ...headers })
    response.end(JSON.stringify(status === 200 ? { keys: [current.jwk] } : {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const keys: KeyServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kid,
    publicKey: await exportSPKI(current.publicKey),
    asked,
    fail: undefined,
    headers: {},
    async replaceKey() {
      current = await generate()
    },
    claims: (more = {}) => ({
      id: crypto.randomUUID(),
      type: 'access_token',
      client_id: 'good-client',
      user_id: 'user@AdobeID',
      as: 'ims-na1',
      scope: 'openid,AdobeID',
      created_at: String(Date.now() - 1_000),
      expires_in: String(day),
      ...more,
    }),
    signText: (payload) =>
      new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(current.privateKey),
    sign: (claims, header = {}, key = current.privateKey) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(key),
  }
  return keys
}
