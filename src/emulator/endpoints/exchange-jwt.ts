import type { JWTPayload } from 'jose'
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { compactVerify } from 'jose/jws/compact/verify'
import { decodeJwt } from 'jose/jwt/decode'
import { endpoints } from '../../core/ims/environment.ts'
import type { EmulatorCall } from '../http/call.ts'
import { nameList, quote, Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { RegisteredClient } from '../registry/clients.ts'
import { machineAccount } from '../registry/users.ts'
import { mintAccessToken } from '../tokens/mint.ts'
import { tokenId } from '../tokens/token-id.ts'
import { tokenResponse } from '../tokens/token-response.ts'
import { checkSecret, requireClient } from './client-authentication.ts'

/** Clients such as `@adobe/jwt-auth` name metascopes by the documented URLs, whichever endpoint they use. */
const documentedBases = Object.values(endpoints)
const maxUsedJtis = 50_000
const undecodable = 'JWT token is incorrectly formatted, and can not be decoded.'
const refuse = (error: string, description: string) => new Refusal(400, error, description)

const wrongClaim = (name: string, expected: string | undefined) =>
  refuse('bad_request', `bad ${name} claim`).because(`the claim ${name} must be ${quote(expected ?? '')}`)

interface Assertion {
  readonly jwt: string
  readonly claims: JWTPayload
  /** Base URLs that `aud` and the metascopes may have: all names of the endpoint. */
  readonly bases: readonly string[]
}

function decodeAssertion(call: EmulatorCall, provider: Provider): Assertion {
  const jwt = call.params.get('jwt_token')
  if (jwt === null) throw refuse('invalid_token', 'missing jwt_token parameter')
  try {
    return { jwt, claims: decodeJwt(jwt), bases: [provider.endpoint, call.url.origin] }
  } catch {
    throw refuse('invalid_token', undecodable)
  }
}

function checkTimes({ claims }: Assertion, now: number): void {
  const { exp, jti } = claims as { exp?: unknown; jti?: unknown }
  if (exp === undefined) throw refuse('bad_request', 'missing exp claim')
  if (!Number.isInteger(exp)) throw refuse('invalid_token', undecodable)
  if (jti !== undefined && !Number.isInteger(Number(jti))) throw refuse('invalid_token', 'jti must be an integer')
  if (Number(exp) * 1000 <= now) throw refuse('invalid_token', 'JWT token is expired')
}

function checkAudience({ claims, bases }: Assertion, client: RegisteredClient): void {
  const audiences = [claims.aud].flat()
  if (!bases.some((base) => audiences.includes(`${base}/c/${client.clientId}`))) {
    const expected = `${bases[0]}/c/${client.clientId}`
    throw refuse('invalid_client', 'aud does not name this client at this endpoint').because(
      `aud must be ${expected}, and is ${nameList(audiences.map((each) => quote(String(each))))}`,
    )
  }
}

async function checkSignature(
  { jwt }: Assertion,
  client: RegisteredClient,
  { jwtSignatureError }: Provider,
): Promise<void> {
  if (decodeProtectedHeader(jwt).alg !== 'RS256') throw refuse('invalid_signature', 'the JWT must be signed with RS256')
  const checks = client.publicKeys.map((key) => compactVerify(jwt, key, { algorithms: ['RS256'] }))
  await Promise.any(checks).catch(() => {
    throw refuse(jwtSignatureError, 'Could not match JWT signature to any of the bindings')
  })
}

function readMetaScopes({ claims, bases }: Assertion, client: RegisteredClient): string[] {
  const names = Object.keys(claims).filter((name) => claims[name] === true)
  const metaScopes = [...bases, ...documentedBases].flatMap((base) =>
    names.filter((name) => name.startsWith(`${base}/s/`)).map((name) => name.slice(base.length + 3)),
  )
  const unique = [...new Set(metaScopes)]
  const unknown = unique.filter((scope) => !client.metaScopes?.includes(scope))
  if (unique.length > 0 && unknown.length === 0) return unique
  const description = 'The metascopes in the JWT are not a subset of the metascopes in the binding.'
  const what =
    unique.length === 0
      ? `the JWT has no claim ${bases[0]}/s/<metascope> that is true`
      : `client ${quote(client.clientId)} does not have ${nameList(unknown.map(quote))}`
  throw refuse('invalid_scope', description).because(`${what}; its metascopes: ${nameList(client.metaScopes ?? [])}`)
}

function redeemJti({ claims }: Assertion, client: RegisteredClient, { usedJtis }: Provider): void {
  if (!client.requiresJti) return
  const jti = `${client.clientId} ${claims.jti}`
  if (claims.jti === undefined || usedJtis.has(jti)) {
    throw refuse('invalid_jti', 'the client requires a jti, and it is missing or was used before')
  }
  usedJtis.add(jti)
  const [oldest = ''] = usedJtis
  if (usedJtis.size > maxUsedJtis) usedJtis.delete(oldest)
}

/** `POST /ims/exchange/jwt` and `/ims/exchange/v1/jwt`: a token for a signed assertion; `expires_in` is in ms. */
export async function exchangeJwtEndpoint(call: EmulatorCall, provider: Provider): Promise<Response> {
  const client = requireClient(provider, call.params.get('client_id'))
  const assertion = decodeAssertion(call, provider)
  checkAudience(assertion, client)
  checkSecret(client, call.params.get('client_secret'), 401)
  if (!client.grants.includes('exchange_jwt')) {
    throw new Refusal(401, 'invalid_client', 'the client lacks the exchange_jwt scope')
  }
  checkTimes(assertion, provider.clock.now())
  const { iss, sub } = assertion.claims
  if (sub === undefined || sub !== client.technicalAccountId) throw wrongClaim('sub', client.technicalAccountId)
  if (iss === undefined || iss !== client.orgId) throw wrongClaim('iss', client.orgId)
  await checkSignature(assertion, client, provider)
  const scopes = readMetaScopes(assertion, client)
  redeemJti(assertion, client, provider)
  const email = client.technicalAccountEmail ?? sub
  const subject = machineAccount({ kind: 'technical', userId: sub, email, orgId: iss })
  const sessionId = tokenId(provider.clock.now())
  return tokenResponse({ access: await mintAccessToken(provider, { client, subject, scopes, sessionId }) }, 1)
}
