import { isObject } from '../../core/json.ts'
import type { EmulatorCall } from '../http/call.ts'
import { Refusal } from '../http/refusal.ts'
import type { Provider } from '../provider.ts'
import type { ClientGrant, RegisteredClientOptions } from '../registry/clients.ts'
import { parseScopes } from '../registry/scopes.ts'

interface Metadata {
  readonly name: string | undefined
  readonly redirectUris: readonly string[]
  readonly grants: readonly ClientGrant[]
  readonly scopes: readonly string[]
  readonly authMethod: AuthMethod
}

const authMethods = ['client_secret_basic', 'client_secret_post', 'none'] as const
type AuthMethod = (typeof authMethods)[number]
const grantTypes: readonly ClientGrant[] = ['authorization_code', 'refresh_token', 'implicit']
const maxRedirectUris = 20
const maxLength = 2_000

const refuse = (description: string, error = 'invalid_client_metadata') => new Refusal(400, error, description)

function isRedirectUri(uri: string): boolean {
  if (uri.length > maxLength || uri.includes('#') || !URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  if (protocol === 'http:') return /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)
  return !/^(?:javascript|data|blob|file|about|view-source|ws|wss|ftp):$/.test(protocol)
}

function readTexts(value: unknown, name: string): string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value
  throw refuse(`${name} must be an array of strings`)
}

function readText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value.length <= maxLength) return value
  throw refuse(`${name} must be a string of at most ${maxLength} characters`)
}

function readGrants(value: unknown): readonly ClientGrant[] {
  const named = readTexts(value, 'grant_types') ?? ['authorization_code']
  const grants = grantTypes.filter((grant) => named.includes(grant))
  if (grants.length === 0) throw refuse(`none of the grant_types is supported: use ${grantTypes.join(', ')}`)
  return grants
}

function readMetadata({ json: metadata }: EmulatorCall): Metadata {
  if (!isObject(metadata)) throw refuse('the body must be a JSON object')
  const redirectUris = readTexts(metadata.redirect_uris, 'redirect_uris') ?? []
  if (redirectUris.length === 0 || redirectUris.length > maxRedirectUris || !redirectUris.every(isRedirectUri)) {
    const rule = `give 1 to ${maxRedirectUris} absolute URIs without a fragment: https, http on loopback, or the scheme of an app`
    throw refuse(`invalid redirect_uris: ${rule}`, 'invalid_redirect_uri')
  }
  const method = readText(metadata.token_endpoint_auth_method, 'token_endpoint_auth_method') ?? 'client_secret_basic'
  const authMethod = authMethods.find((known) => known === method)
  if (authMethod === undefined) throw refuse(`unsupported token_endpoint_auth_method: use ${authMethods.join(', ')}`)
  return {
    name: readText(metadata.client_name, 'client_name'),
    redirectUris,
    grants: readGrants(metadata.grant_types),
    scopes: parseScopes(readText(metadata.scope, 'scope') ?? null),
    authMethod,
  }
}

const hex = (bytes: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** `POST /ims/register` (RFC 7591): registers a client with its redirect URIs; a confidential client gets a secret. */
export async function registerEndpoint(call: EmulatorCall, provider: Provider): Promise<Response> {
  const { name, redirectUris, grants, scopes, authMethod } = readMetadata(call)
  const secret = authMethod === 'none' ? undefined : hex(24)
  const options: RegisteredClientOptions = {
    clientId: hex(16),
    redirectUris,
    grants,
    ...(secret !== undefined && { clientSecrets: [secret] }),
    ...(scopes.length > 0 && { scopes }),
  }
  const { clientId } = await provider.registrations.add(options)
  const body = {
    client_id: clientId,
    client_id_issued_at: Math.floor(provider.clock.now() / 1000),
    ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
    ...(name !== undefined && { client_name: name }),
    redirect_uris: redirectUris,
    grant_types: grants,
    response_types: [
      ...(grants.includes('authorization_code') ? ['code'] : []),
      ...(grants.includes('implicit') ? ['token'] : []),
    ],
    token_endpoint_auth_method: authMethod,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  }
  return Response.json(body, { status: 201, headers: { 'cache-control': 'no-store' } })
}
