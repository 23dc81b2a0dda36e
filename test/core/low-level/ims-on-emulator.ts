import { createHash, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { Ims, type ImsOptions } from '../../../src/core/index.ts'
import { createEmulator, type Emulator } from '../../../src/emulator/index.ts'

export const day = 86_400_000
export const orgs = ['0123456789ABCDEF01234567@AdobeOrg', '89ABCDEF0123456789ABCDEF@AdobeOrg']

interface Sent {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly params: Record<string, string>
}

export let emulator: Emulator
export let ims: Ims
export let sent: Sent[]
export const urls: string[] = []
beforeAll(async () => {
  emulator = await createEmulator({ autoLogin: 'user@example.com' })
})
beforeEach(() => {
  sent = []
  ims = imsWith()
})
afterAll(() => emulator.setTime(undefined))
// no test sends a secret in a URL
afterEach(() => {
  for (const url of urls)
    expect([...new URL(url).searchParams.keys()].filter((name) => name !== 'client_id')).toEqual([])
})

export function imsWith(options: ImsOptions = {}): Ims {
  const fetch = async (url: string, init: RequestInit) => {
    const { pathname, searchParams } = new URL(url)
    urls.push(url)
    const body = init.body instanceof URLSearchParams ? init.body : new URLSearchParams()
    const headers = new Headers(init.headers)
    sent.push({
      method: init.method ?? 'GET',
      path: pathname,
      authorization: headers.get('authorization') ?? undefined,
      params: Object.fromEntries([...searchParams, ...body]),
    })
    return emulator.fetch(url, init)
  }
  return new Ims({ endpoint: emulator.url, fetch, retry: { retries: 0 }, ...options })
}

export const redirect_uri = 'http://127.0.0.1:5555/callback'

/** An authorization code for the client, as a user brings it back. */
export async function codeFor(
  kind: 'oauth' | 'oauth_public',
  version = 'v2',
): Promise<{ code: string; verifier: string }> {
  const { client_id, scope } = emulator.contexts[kind]
  const verifier = randomBytes(32).toString('base64url')
  const code_challenge = createHash('sha256').update(verifier).digest('base64url')
  const pkce = version === 'v2' ? { code_challenge, code_challenge_method: 'S256' } : {}
  const query = new URLSearchParams({ client_id, scope, redirect_uri, response_type: 'code', state: 's', ...pkce })
  const answer = await emulator.fetch(`${emulator.url}/ims/authorize/${version}?${query}`)
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  return { code, verifier }
}

export async function userTokens(using = ims) {
  const { client_id: clientId } = emulator.contexts.oauth_public
  const { code, verifier: codeVerifier } = await codeFor('oauth_public')
  return using.exchangeAuthorizationCode({ clientId, code, codeVerifier, redirectUri: redirect_uri })
}

export async function machineToken(using = ims): Promise<string> {
  const { client_id, client_secrets, ims_org_id } = emulator.contexts.oauth_server_to_server
  const [secret = ''] = client_secrets
  return (await using.getAccessTokenByClientCredentials(client_id, secret, ims_org_id, ['openid'])).access_token.token
}

export const soon = (expiry: number, lifetime: number) => Math.abs(expiry - Date.now() - lifetime) < 5_000
