import { once } from 'node:events'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { interactionPolicy } from 'oidc-provider'
import { freePort } from './server.ts'

/** A certified OpenID provider with IMS's paths. */
export interface OpenIdProvider {
  readonly issuer: string
  /** Names of its events, oldest first. */
  readonly events: readonly string[]
  /** `grant_type` of the token requests, oldest first. */
  readonly grants: readonly string[]
  close(): Promise<void>
}

export const publicClient = 'native-app'
/** As a console hands them out, and worse. */
export const confidentialClient = { id: 'web:app', secret: `p8e-+/%=&?#:;"'<{\\~ x` }

const client = {
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  // any port of a loopback redirect URI is accepted (RFC 8252, section 7.3)
  redirect_uris: ['http://127.0.0.1/callback'],
  id_token_signed_response_alg: 'RS256',
}

export interface OpenIdProviderOptions {
  /** seconds */
  readonly accessTokenLifetime?: number
  /** An app in a browser, which may call the provider and come back to its `/callback`. */
  readonly app?: string
  /** Default: `127.0.0.1`, which is another site than an app on `localhost`. */
  readonly host?: string
  /** Whether a client with a loopback redirect URI may be answered without a page, as one on https is. Default: no. */
  readonly silent?: boolean
}

function policyForSilence() {
  const policy = interactionPolicy.base()
  policy.get('consent').checks.remove('native_client_prompt')
  return policy
}

/** Starts one. PKCE is required, refresh tokens rotate, reuse ends the grant, access tokens are opaque. */
export async function startOpenIdProvider(options: OpenIdProviderOptions = {}): Promise<OpenIdProvider> {
  const { accessTokenLifetime = 300, app, host = '127.0.0.1', silent = false } = options
  const port = await freePort()
  const issuer = `http://${host}:${port}`
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(issuer, {
    clients: [
      {
        ...client,
        client_id: publicClient,
        token_endpoint_auth_method: 'none',
        redirect_uris: [...client.redirect_uris, ...(app === undefined ? [] : [`${app}/callback`])],
      },
      {
        ...client,
        client_id: confidentialClient.id,
        client_secret: confidentialClient.secret,
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'rs' }] },
    cookies: { keys: ['test-only'] },
    routes: {
      authorization: '/ims/authorize/v2',
      token: '/ims/token/v3',
      jwks: '/ims/keys',
      userinfo: '/ims/userinfo/v2',
      revocation: '/ims/revoke',
    },
    ...(silent && { interactions: { policy: policyForSilence() } }),
    features: { devInteractions: { enabled: true }, revocation: { enabled: true, allowedPolicy: () => true } },
    pkce: { required: () => true },
    clientBasedCORS: (_context: unknown, origin: string) => origin === app,
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    scopes: ['openid', 'email', 'offline_access'],
    findAccount: async (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@example.com` }),
    }),
    claims: { openid: ['sub'], email: ['email'] },
    conformIdTokenClaims: false,
    ttl: {
      AccessToken: accessTokenLifetime,
      AuthorizationCode: 60,
      IdToken: 300,
      RefreshToken: 3600,
      Interaction: 600,
      Session: 3600,
      Grant: 3600,
    },
  })
  const events: string[] = []
  const grants: string[] = []
  for (const name of ['grant.success', 'grant.error', 'grant.revoked', 'refresh_token.consumed', 'server_error']) {
    provider.on(name, () => events.push(name))
  }
  for (const name of ['grant.success', 'grant.error']) {
    provider.on(name, (context: { oidc: { params?: { grant_type?: string } } }) =>
      grants.push(String(context.oidc.params?.grant_type)),
    )
  }
  const server = provider.listen(port, host)
  await once(server, 'listening')
  return {
    issuer,
    events,
    grants,
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Plays the browser: follows redirects with a cookie jar, fills in every form, and stops at `until`. */
export async function browse(start: string | URL, until: string, login = 'alice'): Promise<URL> {
  const jar = new Map<string, string>()
  let url = new URL(start)
  let body: URLSearchParams | undefined
  for (let hops = 0; hops < 20; hops++) {
    if (url.href.startsWith(until)) return url
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const init: RequestInit = { redirect: 'manual', headers: { cookie }, ...(body && { method: 'POST', body }) }
    const response = await fetch(url, init)
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      if (/expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    const location = response.headers.get('location')
    const page = await response.text()
    body = undefined
    if (location !== null) {
      url = new URL(location, url)
      continue
    }
    const form = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(page)
    if (form === null) throw new Error(`no form at ${url.pathname}: ${response.status} ${page.slice(0, 300)}`)
    const inputs = [...(form[2] ?? '').matchAll(/<input[^>]*>/g)].map(([tag]) => [
      /name="([^"]+)"/.exec(tag)?.[1] ?? '',
      /value="([^"]*)"/.exec(tag)?.[1] ?? '',
    ])
    body = new URLSearchParams(inputs.filter(([name]) => name !== ''))
    if (body.has('login')) {
      body.set('login', login)
      body.set('password', 'any')
    }
    url = new URL((form[1] ?? '').replaceAll('&amp;', '&'), url)
  }
  throw new Error('too many hops')
}
