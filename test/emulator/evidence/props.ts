import { createHash, randomBytes } from 'node:crypto'
import { decodeJwt, type JWTPayload, SignJWT } from 'jose'
import type { Row, SignIn } from './row.ts'
import { endpoint, type Scene } from './scene.ts'

// what the braces in a row stand for: codes, tokens and assertions, made for that row

/** Replaces each `{name}` by what is made for it, once per row. */
export type Fill = (text: string) => Promise<string>
type Answered = Readonly<Record<string, string>>

const secrets: Readonly<Record<string, string>> = {
  'web-app': 'web-app-secret',
  'old-web-app': 'old-web-app-secret',
  'promise-emitter': 'emitter-secret',
}
const defaultScope = 'openid,AdobeID,email,offline_access'

/** A JWT of the form of an IMS token that no key of the emulator signed. */
function foreignToken(type: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { type, client_id: 'web-app', created_at: String(Date.now()), expires_in: '86400000', as: 'ims-na1' }
  return `${part({ alg: 'RS256', kid: 'other' })}.${part(claims)}.${randomBytes(256).toString('base64url')}`
}

export function createProps({ emulator, signingKey }: Scene, row: Row): Fill {
  const made = new Map<string, Promise<string>>()
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')

  async function post(path: string, form: Record<string, string>): Promise<Answered> {
    const response = await emulator.fetch(endpoint + path, { method: 'POST', body: new URLSearchParams(form) })
    const text = await response.text()
    if (response.status >= 300) throw new Error(`${path} answered ${response.status} while a row was prepared: ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }

  async function codeOf({ client = 'web-app', scope = defaultScope, parameters, pkce }: SignIn): Promise<string> {
    const url = new URL(`${endpoint}/ims/authorize/v2`)
    const plain = pkce === 'no method'
    const asked = {
      client_id: client,
      scope,
      redirect_uri: 'https://app.example/callback',
      ...(client === 'page-app' && { code_challenge: plain ? verifier : challenge }),
      ...(client === 'page-app' && !plain && { code_challenge_method: 'S256' }),
      ...parameters,
    }
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
    const response = await emulator.fetch(url)
    const code = new URL(response.headers.get('location') ?? endpoint).searchParams.get('code')
    if (code === null)
      throw new Error(`the sign-in brought no code: ${response.status} ${response.headers.get('location')}`)
    return code
  }

  function redeem(client: string, code: string): Promise<Answered> {
    const secret = secrets[client]
    const proof = secret === undefined ? { code_verifier: verifier } : { client_secret: secret }
    return post('/ims/token/v3', { grant_type: 'authorization_code', client_id: client, code, ...proof })
  }

  const client = row.signIn?.client ?? 'web-app'
  const web = { client_id: client, ...(secrets[client] !== undefined && { client_secret: secrets[client] }) }
  let tokens: Promise<Answered> | undefined
  const signedIn = () => {
    tokens ??= codeOf(row.signIn ?? {}).then((code) => redeem(client, code))
    return tokens
  }
  const renew = (refresh_token: string) => post('/ims/token/v3', { grant_type: 'refresh_token', refresh_token, ...web })
  const userId = async () => String(decodeJwt((await signedIn()).access_token ?? '').user_id)

  const consumer = { client_id: 'promise-consumer', client_secret: 'consumer-secret', scope: 'openid' }
  async function promiseToken(): Promise<string> {
    const { promise_token = '' } = await post('/ims/token/v4', {
      grant_type: 'promise',
      client_id: 'promise-emitter',
      client_secret: 'emitter-secret',
      promise_definition_id: 'the-definition',
      scope: 'openid,AdobeID',
      authenticating_token: await make('emitter access_token'),
    })
    return promise_token
  }

  const makers: Readonly<Record<string, () => string | undefined | Promise<string | undefined>>> = {
    endpoint: () => endpoint,
    verifier: () => verifier,
    challenge: () => challenge,
    code: () => codeOf(row.signIn ?? {}),
    'code used': async () => {
      const code = await codeOf(row.signIn ?? {})
      await redeem(client, code)
      return code
    },
    access_token: async () => (await signedIn()).access_token,
    'access_token revoked': async () => {
      const { access_token: token = '' } = await signedIn()
      await post('/ims/revoke', { token, ...web })
      return token
    },
    refresh_token: async () => (await signedIn()).refresh_token,
    'refresh_token used': async () => {
      const { refresh_token = '' } = await signedIn()
      await renew(refresh_token)
      return refresh_token
    },
    user_id: userId,
    guid: async () => (await userId()).split('@')[0],
    auth_src: async () => (await userId()).split('@')[1],
    'emitter access_token': async () => {
      const url = { client_id: 'promise-emitter' }
      return (await redeem('promise-emitter', await codeOf({ parameters: url }))).access_token
    },
    promise_token: promiseToken,
    'promise_token used': async () => {
      const promise_token = await promiseToken()
      await post('/ims/token/v4', { grant_type: 'promise_exchange', promise_token, ...consumer })
      return promise_token
    },
    service_token: async () =>
      (
        await post('/ims/token/v4', {
          grant_type: 'authorization_code',
          client_id: 'service',
          client_secret: 'service-secret',
          code: 'permanent-code',
        })
      ).access_token,
    technical_token: async () =>
      (
        await post('/ims/token/v3', {
          grant_type: 'client_credentials',
          client_id: 'server-to-server',
          client_secret: 'first-secret',
          scope: 'openid,AdobeID,read_organizations',
        })
      ).access_token,
  }

  async function makeNew(name: string): Promise<string> {
    if (name.startsWith('garbage ')) return foreignToken(name.slice('garbage '.length))
    if (name.startsWith('assertion')) return assertion(name.slice('assertion '.length), signingKey, post)
    const value = await makers[name]?.()
    if (value === undefined) throw new Error(`nothing is made for {${name}}`)
    return value
  }

  function make(name: string): Promise<string> {
    const known = made.get(name) ?? makeNew(name)
    made.set(name, known)
    return known
  }

  return async (text) => {
    let filled = text
    for (const [whole, name = ''] of text.matchAll(/\{([a-z_]+[a-z_ -]*)\}/g))
      filled = filled.replace(whole, await make(name))
    return filled
  }
}

const metascope = `${endpoint}/s/ent_dataservices_sdk`

/** What is different about an assertion, by the word that follows it in the row. */
const variants: Readonly<Record<string, JWTPayload>> = {
  expired: { exp: Math.floor(Date.now() / 1000) - 3600 },
  'exp-text': { exp: 'soon' as never },
  'no-exp': { exp: undefined as never },
  jti: { jti: 1234567 as never },
  'jti-text': { jti: 'one' },
  'wrong-audience': { aud: `${endpoint}/c/web-app` },
  'other-environment': { aud: 'https://ims-na1-stg1.adobelogin.com/c/service-account' },
  'no-binding': { aud: `${endpoint}/c/server-to-server` },
  'no-metascope': { [metascope]: undefined },
  'foreign-metascope': { [metascope]: undefined, [`${endpoint}/s/ent_campaign_sdk`]: true },
  'bad-sub': { sub: 'CCCCCCCCCCCCCCCCCCCCCCCC@techacct.adobe.com' },
  'bad-iss': { iss: 'FFFFFFFFFFFFFFFFFFFFFFFF@AdobeOrg' },
  strict: { aud: `${endpoint}/c/strict-account` },
  'strict-used': { aud: `${endpoint}/c/strict-account`, jti: 7654321 as never },
}

async function assertion(
  variant: string,
  key: CryptoKey,
  post: (path: string, form: Record<string, string>) => Promise<Answered>,
): Promise<string> {
  const claims: JWTPayload = {
    exp: Math.floor(Date.now() / 1000) + 300,
    iss: '0123456789ABCDEF01234567@AdobeOrg',
    sub: 'BBBBBBBBBBBBBBBBBBBBBBBB@techacct.adobe.com',
    aud: `${endpoint}/c/service-account`,
    [metascope]: true,
    ...variants[variant],
  }
  const alg = variant === 'wrong-algorithm' ? 'HS256' : 'RS256'
  const signed = await new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(await keyFor(variant, key))
  if (variant === 'strict-used') {
    const client = { client_id: 'strict-account', client_secret: 'service-account-secret' }
    await post('/ims/exchange/jwt', { ...client, jwt_token: signed })
  }
  return signed
}

async function keyFor(variant: string, key: CryptoKey): Promise<CryptoKey | Uint8Array> {
  if (variant === 'wrong-algorithm') return randomBytes(32)
  if (variant !== 'wrong-key') return key
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  }
  return (await crypto.subtle.generateKey(rsa, true, ['sign', 'verify'])).privateKey
}
