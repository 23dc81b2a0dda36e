import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { Engine, EngineAnswer, EngineRequest } from './engine.ts'

// an authorization server on IMS's paths that forgives nothing: a refresh token that comes twice ends its session

interface Code {
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string | undefined
}

interface Family {
  readonly clientId: string
  revoked: boolean
}

interface State {
  /** seconds */
  readonly lifetime: number
  readonly sign: (claims: object) => string
  readonly codes: Map<string, Code>
  readonly refreshTokens: Map<string, { readonly family: Family; used: boolean }>
}

export function strictEngine({ lifetime }: { lifetime: number }): Engine {
  const state: State = { lifetime, sign: signer(), codes: new Map(), refreshTokens: new Map() }
  return {
    name: 'strict',
    clientId: 'gauntlet',
    async handle(request) {
      const { pathname, searchParams } = new URL(request.url, `http://${request.headers.host}`)
      if (pathname.includes('/authorize')) return authorize(state, searchParams)
      if (pathname.includes('/token')) return token(state, new URLSearchParams(request.body), issuerOf(request))
      return json(pathname === '/ims/revoke' || pathname.includes('invalidate') ? 200 : 404, {})
    },
    close: async () => {},
  }
}

/** auth0-spa-js knows the issuer with a slash, IMS's clients without. */
function issuerOf({ url, headers }: EngineRequest): string {
  return `http://${headers.host}${url.startsWith('/oauth/') ? '/' : ''}`
}

function signer(): (claims: object) => string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return (claims) => {
    const signed = `${part({ alg: 'RS256', kid: 'gauntlet', typ: 'JWT' })}.${part(claims)}`
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
  }
}

function authorize({ codes }: State, asked: URLSearchParams): EngineAnswer {
  const code = random()
  const redirectUri = asked.get('redirect_uri') ?? ''
  codes.set(code, {
    clientId: asked.get('client_id') ?? '',
    redirectUri,
    challenge: asked.get('code_challenge') ?? '',
    nonce: asked.get('nonce') ?? undefined,
  })
  const back = new URL(redirectUri)
  back.searchParams.set('code', code)
  back.searchParams.set('state', asked.get('state') ?? '')
  return { status: 302, headers: { location: back.href }, body: '' }
}

function token(state: State, asked: URLSearchParams, issuer: string): EngineAnswer {
  const grant = asked.get('grant_type')
  if (grant === 'client_credentials') return json(200, accessToken(state, asked.get('client_id') ?? ''))
  if (grant === 'authorization_code') return redeemCode(state, asked, issuer)
  return grant === 'refresh_token' ? refresh(state, asked, issuer) : json(400, { error: 'unsupported_grant_type' })
}

function redeemCode(state: State, asked: URLSearchParams, issuer: string): EngineAnswer {
  const code = state.codes.get(asked.get('code') ?? '')
  state.codes.delete(asked.get('code') ?? '')
  const challenge = createHash('sha256')
    .update(asked.get('code_verifier') ?? '')
    .digest('base64url')
  if (code === undefined || code.challenge !== challenge || code.redirectUri !== asked.get('redirect_uri'))
    return refused()
  return tokens(state, { clientId: code.clientId, revoked: false }, issuer, code.nonce)
}

function refresh(state: State, asked: URLSearchParams, issuer: string): EngineAnswer {
  const known = state.refreshTokens.get(asked.get('refresh_token') ?? '')
  if (known === undefined || known.family.revoked) return refused()
  if (known.used) {
    known.family.revoked = true
    return refused()
  }
  known.used = true
  return tokens(state, known.family, issuer)
}

function tokens(state: State, family: Family, issuer: string, nonce?: string): EngineAnswer {
  const refreshToken = random()
  state.refreshTokens.set(refreshToken, { family, used: false })
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, aud: family.clientId, sub: 'user', iat, exp: iat + 3600, ...(nonce && { nonce }) }
  return json(200, {
    ...accessToken(state, family.clientId),
    refresh_token: refreshToken,
    id_token: state.sign(claims),
    scope: 'openid offline_access',
  })
}

/** In IMS's shape. No API here looks at it, so it is not really signed. */
function accessToken({ lifetime }: State, clientId: string) {
  const header = Buffer.from('{"alg":"RS256"}').toString('base64url')
  const claims = { id: random(), client_id: clientId, created_at: `${Date.now()}`, expires_in: `${lifetime * 1000}` }
  const access = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${random()}`
  return { access_token: access, token_type: 'bearer', expires_in: lifetime }
}

const random = () => randomBytes(24).toString('hex')

const refused = () => json(400, { error: 'invalid_grant' })

function json(status: number, body: object): EngineAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
