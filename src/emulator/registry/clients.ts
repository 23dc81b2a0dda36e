import type { JWK } from 'jose'
import { importJWK, importSPKI, importX509 } from 'jose/key/import'
import { ConfigurationError } from '../../core/errors.ts'

/** A grant that can be enabled for a client in the Adobe Developer Console. */
export type ClientGrant =
  | 'authorization_code'
  | 'refresh_token'
  | 'implicit'
  | 'client_credentials'
  | 'exchange_jwt'
  | 'service'
  | 'promise'
  | 'promise_exchange'

/** A client registered with the emulator. */
export interface RegisteredClientOptions {
  readonly clientId: string
  /** Any of them is accepted, for tests of rotation. A client without secrets is public, and must use PKCE. */
  readonly clientSecrets?: readonly string[]
  /** Exact URIs, or patterns that must match the whole URI. */
  readonly redirectUris?: readonly (string | RegExp)[]
  /** The redirect URI if the requested one is missing or not registered. Default: the first exact URI. */
  readonly defaultRedirectUri?: string
  /** Origins that may send requests from a browser, in addition to those of the redirect URIs. */
  readonly allowedOrigins?: readonly string[]
  /** Default: the grants for which the registration has the necessary values. */
  readonly grants?: readonly ClientGrant[]
  /** Scopes that it may request. Default: any. */
  readonly scopes?: readonly string[]
  /** Whether users are asked for consent. Default: `true`. */
  readonly consent?: boolean
  /** The organization that owns the credential; requests for a token of another one are rejected. */
  readonly orgId?: string
  readonly technicalAccountId?: string
  readonly technicalAccountEmail?: string
  /** Metascopes that a JWT assertion may claim. */
  readonly metaScopes?: readonly string[]
  /** Keys that verify JWT assertions: SPKI or certificate PEM, or JWK. */
  readonly publicKeys?: readonly (string | JWK)[]
  /** Whether its JWT assertions must have a `jti` that was not used before. Default: `false`. */
  readonly requiresJti?: boolean
  /**
   * How a used refresh token is replaced. At IMS this depends on the client, and some users must sign in again after 14
   * days (Adobe's Lightroom documentation). `renewed` (default): by a new one with a full lifetime, as in the
   * documentation of user authentication. `same-end`: by a new one that expires at the same time as the first. `none`:
   * it is not replaced, and can be used until it expires.
   */
  readonly refreshTokenRenewal?: 'renewed' | 'same-end' | 'none'
  /** The never-expiring authorization code of a service client. */
  readonly permanentCode?: string
  /**
   * Its role in promise grants: the emitter obtains promise tokens of users, the consumer exchanges them for access
   * tokens. Both are registered with the same definition id.
   */
  readonly promise?: { readonly definitionId: string; readonly role: 'emitter' | 'consumer' }
  /** Lifetime of its access tokens in ms. Default: the emulator's. */
  readonly accessTokenLifetime?: number
}

/** A client with all defaults applied. */
export interface RegisteredClient extends Omit<RegisteredClientOptions, 'publicKeys'> {
  readonly clientSecrets: readonly string[]
  readonly redirectUris: readonly (string | RegExp)[]
  readonly grants: readonly ClientGrant[]
  readonly publicKeys: readonly (CryptoKey | Uint8Array)[]
  readonly isPublic: boolean
}

/** All registered clients, by id. */
export type ClientRegistry = ReadonlyMap<string, RegisteredClient>

function importPublicKey(key: string | JWK): Promise<CryptoKey | Uint8Array> {
  if (typeof key !== 'string') return importJWK(key, 'RS256')
  return key.includes('CERTIFICATE') ? importX509(key, 'RS256') : importSPKI(key, 'RS256')
}

function defaultGrants(options: RegisteredClientOptions): ClientGrant[] {
  const grants: ClientGrant[] = []
  if (options.redirectUris?.length) grants.push('authorization_code', 'refresh_token')
  if (options.publicKeys?.length) grants.push('exchange_jwt')
  else if (options.technicalAccountId !== undefined) grants.push('client_credentials')
  if (options.permanentCode !== undefined) grants.push('service')
  if (options.promise !== undefined) grants.push(options.promise.role === 'emitter' ? 'promise' : 'promise_exchange')
  return grants
}

function checkPromise({ clientId, promise }: RegisteredClientOptions): void {
  if (promise === undefined) return
  const { definitionId, role } = promise ?? {}
  const hasId = typeof definitionId === 'string' && definitionId !== ''
  if (hasId && (role === 'emitter' || role === 'consumer')) return
  throw new ConfigurationError(
    'BAD_OPTION',
    `The promise option of the client '${clientId}' is incomplete. Set definitionId, and the role emitter or consumer.`,
  )
}

/** Applies the defaults of a client. */
export async function toClient(options: RegisteredClientOptions): Promise<RegisteredClient> {
  if (typeof options.clientId !== 'string' || options.clientId === '') {
    throw new ConfigurationError('BAD_OPTION', 'A client of the emulator has no clientId. Set one for each client.')
  }
  const redirectUris = options.redirectUris ?? []
  const defaultRedirectUri = options.defaultRedirectUri ?? redirectUris.find((uri) => typeof uri === 'string')
  const clientSecrets = options.clientSecrets ?? []
  checkPromise(options)
  const publicKeys = await Promise.all((options.publicKeys ?? []).map(importPublicKey)).catch(() => {
    throw new ConfigurationError(
      'BAD_OPTION',
      `A public key of the client '${options.clientId}' cannot be read. Use RSA keys as SPKI PEM, certificate PEM or JWK.`,
    )
  })
  return {
    ...options,
    clientSecrets,
    redirectUris,
    ...(defaultRedirectUri === undefined ? {} : { defaultRedirectUri }),
    grants: options.grants ?? defaultGrants(options),
    publicKeys,
    isPublic: clientSecrets.length === 0,
  }
}

/** Registers the clients. Of two clients with the same id, the later is used. */
export async function createClientRegistry(options: readonly RegisteredClientOptions[]): Promise<ClientRegistry> {
  const clients = await Promise.all(options.map(toClient))
  return new Map(clients.map((client) => [client.clientId, client]))
}
