import type { Random } from './random.ts'

/** All tokens that come from one login. */
export interface Family {
  readonly name: string
  /** Why its tokens are refused. */
  revoked?: 'redeemed twice' | 'invalidated'
  /** Its login has not come to its end. */
  pending: boolean
  /** Its loss is no fault of the code: an answer was destroyed, or the user signed out. */
  excuse?: string
}

/** What the server did with a request. */
export interface Outcome {
  readonly kind: 'redeemed' | 'issued' | 'redeemed twice' | 'refused' | 'failed' | 'done'
  readonly status: number
  readonly body: unknown
}

interface Issued {
  readonly family: Family
  redeemed: boolean
}

/** IMS with one-time refresh tokens: whoever redeems one twice ends its whole family. */
export interface Server {
  /** A login that has just taken place. */
  login(): { code: string; family: Family }
  /** Tokens of a login that took place before. */
  tokensOf(family: Family): Record<string, unknown>
  handle(path: string, form: URLSearchParams): Outcome
  familyOf(token: string): Family | undefined
  /** Until when the access token is valid, in true time. */
  expiry(accessToken: string): number
  readonly lifetime: number
}

interface ServerOptions {
  readonly now: () => number
  readonly random: Random
  readonly rotating: boolean
}

export function createServer({ now, random, rotating }: ServerOptions): Server {
  const refreshTokens = new Map<string, Issued>()
  const accessTokens = new Map<string, { expiresAt: number; family?: Family }>()
  const codes = new Map<string, Family>()
  const lifetime = random.pick([60_000, 300_000, 3_600_000])
  let made = 0

  function access(family?: Family): Record<string, unknown> {
    const token = `access-${++made}`
    accessTokens.set(token, { expiresAt: now() + lifetime, ...(family && { family }) })
    return { access_token: token, token_type: 'bearer', expires_in: lifetime / 1000 }
  }

  function tokensOf(family: Family, same?: string): Record<string, unknown> {
    const refreshToken = same ?? `refresh-${++made}`
    if (same === undefined) refreshTokens.set(refreshToken, { family, redeemed: false })
    return { ...access(family), refresh_token: refreshToken }
  }

  const refuse = (kind: 'refused' | 'redeemed twice', error = 'invalid_grant'): Outcome => ({
    kind,
    status: 400,
    body: { error, error_description: kind },
  })

  function redeem(token: string): Outcome {
    const issued = refreshTokens.get(token)
    if (issued === undefined || issued.family.revoked !== undefined) return refuse('refused')
    if (issued.redeemed) {
      issued.family.revoked = 'redeemed twice'
      return refuse('redeemed twice')
    }
    if (rotating) issued.redeemed = true
    return { kind: 'redeemed', status: 200, body: tokensOf(issued.family, rotating ? undefined : token) }
  }

  function grant(form: URLSearchParams): Outcome {
    const kind = form.get('grant_type')
    if (kind === 'refresh_token') return redeem(form.get('refresh_token') ?? '')
    if (kind === 'client_credentials') return { kind: 'issued', status: 200, body: access() }
    const code = form.get('code') ?? ''
    const family = codes.get(code)
    codes.delete(code)
    if (family === undefined) return refuse('refused')
    return { kind: 'issued', status: 200, body: tokensOf(family) }
  }

  return {
    lifetime,
    login() {
      const family: Family = { name: `session-${++made}`, pending: true }
      const code = `code-${made}`
      codes.set(code, family)
      return { code, family }
    },
    tokensOf: (family) => tokensOf(family),
    handle(path, form) {
      if (path.includes('/token/')) return grant(form)
      const token = form.get('token') ?? ''
      const family = refreshTokens.get(token)?.family
      if (family !== undefined) family.revoked ??= 'invalidated'
      return { kind: 'done', status: 200, body: '' }
    },
    familyOf: (token) => refreshTokens.get(token)?.family ?? accessTokens.get(token)?.family,
    expiry: (token) => accessTokens.get(token)?.expiresAt ?? Number.NEGATIVE_INFINITY,
  }
}
