import { SignJWT } from 'jose'
import { ConfigurationError, ImsResponseError } from '../errors.ts'
import { type Call, malformed, parseObject, send, serverNow } from '../ims/call.ts'
import { invalidating } from '../ims/invalidate-token.ts'
import { type Tokens, tokensFrom } from '../ims/tokens.ts'
import { type PrivateKeySource, readPrivateKey } from '../keys/read-private-key.ts'
import { flowId, requireText, scopeList, secretList } from './credentials.ts'
import type { SilentFlow } from './flow.ts'

export interface JwtBearerOptions {
  readonly clientId: string
  readonly clientSecret: string
  /** `…@techacct.adobe.com` */
  readonly technicalAccountId: string
  /** `…@AdobeOrg` */
  readonly orgId: string
  /** Names such as `ent_dataservices_sdk`, or their full URLs. */
  readonly metaScopes: string | readonly string[]
  readonly privateKey: PrivateKeySource
  readonly passphrase?: string | undefined
}

const assertionLifetime = 300
// not among the paths of all: who signs no assertion has no need of it in a bundle
const exchangePath = '/ims/exchange/jwt'

/**
 * Service Account (JWT): signs an assertion and exchanges it (`POST /ims/exchange/jwt`).
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential; `INVALID_KEY`, `INVALID_KEY_FILE`
 *   when the key is first used
 */
export function jwtBearer(options: JwtBearerOptions): SilentFlow {
  const { clientId, clientSecret, technicalAccountId, orgId } = options
  requireText('jwtBearer', { clientId, technicalAccountId, orgId })
  secretList('jwtBearer', clientSecret)
  const metaScopes = scopeList(options.metaScopes)
  if (metaScopes.length === 0) throw new ConfigurationError('BAD_OPTION', 'jwtBearer needs at least one of metaScopes')
  if (!options.privateKey) throw new ConfigurationError('BAD_OPTION', 'jwtBearer needs privateKey')
  const sign = assertionSigner(options, metaScopes)
  const exchange = async (call: Call) => {
    const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, jwt_token: await sign(call) })
    return (await exchangeAssertion(call, body)).tokens
  }
  return {
    kind: 'jwt',
    id: flowId('jwt', [clientId, orgId, technicalAccountId, metaScopes]),
    clientId,
    orgId,
    scopes: metaScopes,
    invalidate: invalidating(clientId, () => clientSecret),
    async obtain(call) {
      const assumed = call.skew.ms
      try {
        return await exchange(call)
      } catch (error) {
        // a clock that is off by more than the assertion lives: the refusal itself brought the server's time
        const clockWasWrong = error instanceof ImsResponseError && Math.abs(call.skew.ms - assumed) > 60_000
        if (!clockWasWrong) throw error
        return exchange(call)
      }
    },
  }
}

/** Signs assertions; the key is imported once, at the first. */
function assertionSigner(options: JwtBearerOptions, metaScopes: readonly string[]): (call: Call) => Promise<string> {
  const { clientId, technicalAccountId, orgId, privateKey, passphrase } = options
  let key: CryptoKey | undefined
  return async (call) => {
    key ??= await readPrivateKey(privateKey, {
      ...(passphrase !== undefined && { passphrase }),
      ...(call.readKey && { readKey: call.readKey }),
    })
    const issuedAt = Math.floor(serverNow(call) / 1000)
    const scopes = metaScopes.map((scope) => [/^https?:/.test(scope) ? scope : `${call.endpoint}/s/${scope}`, true])
    return new SignJWT({
      iss: orgId,
      sub: technicalAccountId,
      aud: `${call.endpoint}/c/${clientId}`,
      iat: issuedAt,
      exp: issuedAt + assertionLifetime,
      ...Object.fromEntries(scopes),
    })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .sign(key)
  }
}

/**
 * Exchanges a signed assertion (`POST /ims/exchange/jwt`). Unlike the token endpoint it answers `expires_in` in ms.
 *
 * @throws {ImsResponseError} `HTTP_ERROR`, `IMS_MALFORMED`
 */
export async function exchangeAssertion(
  call: Call,
  body: URLSearchParams,
): Promise<{ tokens: Tokens; answer: Readonly<Record<string, unknown>> }> {
  const request = { url: call.endpoint + exchangePath, method: 'POST', body }
  const answer = await send(call, request)
  const parsed = parseObject(answer.text)
  const token = parsed?.access_token
  if (typeof token !== 'string' || token === '') throw malformed(request, answer, 'the answer has no access_token')
  const type = parsed?.token_type
  if (type !== undefined && String(type).toLowerCase() !== 'bearer') {
    throw malformed(request, answer, 'the token is of a type that is not bearer')
  }
  const tokens = tokensFrom(call, { ...parsed, access_token: token }, 'ms')
  if (tokens === undefined) throw malformed(request, answer, 'expires_in is no positive number')
  return { tokens, answer: parsed ?? {} }
}
