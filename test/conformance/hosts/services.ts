import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startEmulator } from '../../../src/emulator/index.ts'
import { browse, publicClient, startOpenIdProvider } from '../../kit/oidc-op.ts'

/** The servers that one runtime's cases talk to, and what the cases must know of them, as data. */
export interface Services {
  readonly setting: Readonly<Record<string, unknown>>
  close(): Promise<void>
}

const passphrase = 'Tr0ub4dor-3-zuhause'
const loopback = /http:\/\/(127\.0\.0\.1|localhost)(:\d{1,5})?(\/[^#]*)?/
const users = [
  {
    email: 'user@example.com',
    organizations: [
      { id: '0123456789ABCDEF01234567@AdobeOrg', name: 'Emulated Org' },
      { id: '89ABCDEF0123456789ABCDEF@AdobeOrg', name: 'Another Emulated Org' },
    ],
  },
]

/** One RSA key in every format. */
function makeKeys() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = (type: 'pkcs1' | 'pkcs8') => String(privateKey.export({ type, format: 'pem' }))
  const legacy = ['rsa', '-traditional', '-aes128', '-passout', `pass:${passphrase}`]
  return {
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
    keys: {
      passphrase,
      pkcs1: pem('pkcs1'),
      pkcs8: pem('pkcs8'),
      encrypted: String(privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })),
      legacy: execFileSync('openssl', legacy, { input: pem('pkcs1'), stdio: ['pipe', 'pipe', 'ignore'] }).toString(),
      jwk: createPrivateKey(pem('pkcs8')).export({ format: 'jwk' }),
    },
  }
}

/** Starts an IMS, an OpenID provider and the aid of the cases: a person, faults, what arrived. */
export async function startServices(app?: string): Promise<Services> {
  const { keys, publicKey } = makeKeys()
  // the ready-made clients, each of which a page may call too
  const open = { redirectUris: [loopback] }
  const { contexts: known, close } = await startEmulator()
  await close()
  const { jwt, oauth_server_to_server: server, oauth_public } = known
  const emulator = await startEmulator({
    autoLogin: 'user@example.com',
    users,
    clients: [
      {
        ...open,
        clientId: jwt.client_id,
        clientSecrets: [jwt.client_secret],
        orgId: jwt.ims_org_id,
        technicalAccountId: jwt.technical_account_id,
        metaScopes: jwt.meta_scopes,
        publicKeys: [publicKey],
      },
      {
        ...open,
        clientId: server.client_id,
        clientSecrets: server.client_secrets,
        orgId: server.ims_org_id,
        technicalAccountId: server.technical_account_id,
        technicalAccountEmail: server.technical_account_email,
      },
      { ...open, clientId: 'service', clientSecrets: ['service-secret'], permanentCode: 'permanent-code' },
    ],
  })
  const provider = await startOpenIdProvider({ accessTokenLifetime: 3600, ...(app !== undefined && { app }) })
  const arrived: ArrivedCall[] = []
  const [api, stranger] = [await startApi(arrived), await startApi(arrived)]
  const aid = await startAid({
    arrived: async ({ call }) => ({ arrived: arrived.filter(({ url }) => url.includes(String(call))) }),
    browse: async ({ url, until }) => ({ url: (await browse(String(url), String(until))).href }),
    fault: async (options) => {
      emulator.fault(options as unknown as Parameters<typeof emulator.fault>[0])
      return {}
    },
    requests: async () => ({ requests: emulator.requests }),
  })
  return {
    setting: {
      aid: aid.url,
      ims: emulator.url,
      api: api.url,
      stranger: stranger.url,
      openIdProvider: { issuer: provider.issuer, clientId: publicClient },
      users,
      keys,
      contexts: {
        oauth_server_to_server: { ...server, endpoint: emulator.url },
        jwt: { ...jwt, private_key: keys.pkcs8, endpoint: emulator.url },
      },
      server: {
        clientId: server.client_id,
        clientSecret: server.client_secrets,
        scopes: server.scopes,
        orgId: server.ims_org_id,
      },
      jwt: {
        clientId: jwt.client_id,
        clientSecret: jwt.client_secret,
        technicalAccountId: jwt.technical_account_id,
        metaScopes: jwt.meta_scopes,
        orgId: jwt.ims_org_id,
      },
      service: { clientId: 'service', clientSecret: 'service-secret', code: 'permanent-code' },
      person: {
        clientId: oauth_public.client_id,
        scopes: ['openid', 'AdobeID', 'email', 'offline_access', 'read_organizations'],
      },
    },
    async close() {
      for (const each of [aid, api, stranger]) each.close()
      await Promise.all([emulator.close(), provider.close()])
    },
  }
}

/** A call of an API as it arrived. */
interface ArrivedCall {
  readonly origin: string
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * An API that every browser app may call. It redirects as the query says: `?to=…&status=…`, and its `to` may redirect
 * again. Anything else is a 200.
 */
async function startApi(arrived: ArrivedCall[]): Promise<{ url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', 'authorization, content-type, x-api-key, x-gw-ims-org-id')
    response.setHeader('access-control-allow-methods', 'GET, HEAD, POST, PUT, DELETE')
    if (method === 'OPTIONS') return response.writeHead(204).end()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    arrived.push({ origin: api.url, method, url, headers, body: Buffer.concat(chunks).toString() })
    const asked = new URL(url, api.url).searchParams
    const to = asked.get('to')
    if (to === null) return response.end('the end')
    response.writeHead(Number(asked.get('status') ?? 302), { location: to === 'self' ? url : to }).end('moved')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const api = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return api
}

type Handler = (body: Readonly<Record<string, unknown>>) => Promise<unknown>

async function startAid(handlers: Readonly<Record<string, Handler>>): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    const handler = handlers[request.url?.slice(1) ?? ''] ?? (async () => Promise.reject(new Error('no such aid')))
    bodyOf(request)
      .then(handler)
      .then(
        (answer) => response.end(JSON.stringify(answer)),
        (error) => response.writeHead(500).end(String(error)),
      )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text)
}
