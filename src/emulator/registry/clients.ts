import type { JWK } from 'jose'
import { importJWK, importSPKI, importX509 } from 'jose/key/import'
import { ConfigurationError } from '../../core/errors.ts'

/** What a client may do, as set up in the Adobe Developer Console. */
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
  /** Any of them is accepted, so that rotation can be tried. None: a public client, which must use PKCE. */
  readonly clientSecrets?: readonly string[]
  /** Exact URIs, and patterns that the whole URI must match. */
  readonly redirectUris?: readonly (string | RegExp)[]
  /** Where IMS sends people when the requested URI is absent or not registered. Default: the first exact one. */
  readonly defaultRedirectUri?: string
  /** Origins that may call from a browser, beside those of the redirect URIs. */
  readonly allowedOrigins?: readonly string[]
  /** Default: what the rest of the registration makes possible. */
  readonly grants?: readonly ClientGrant[]
  /** Scopes it may ask for. Default: any. */
  readonly scopes?: readonly string[]
  /** Whether people are asked for consent. Default `true`. */
  readonly consent?: boolean
  /** The organisation that owns the credential; asking for a token of another one is then refused. */
  readonly orgId?: string
  readonly technicalAccountId?: string
  readonly technicalAccountEmail?: string
  /** Metascopes a JWT assertion may claim. */
  readonly metaScopes?: readonly string[]
  /** Keys that JWT assertions are checked against: SPKI or certificate PEM, or JWK. */
  readonly publicKeys?: readonly (string | JWK)[]
  /** Whether its JWT assertions must carry a `jti` that none carried before. Default `false`. */
  readonly requiresJti?: boolean
  /**
   * What a used refresh token is replaced by. At IMS this depends on the client, and some users must log in again after
   * 14 days (Adobe's Lightroom documentation). `renewed`: a new one with a whole lifetime, as the documentation of
   * user authentication says; the default. `same-end`: a new one that expires when the first would have. `none`: no
   * other, the first can be used until it expires.
   */
  readonly refreshTokenRenewal?: 'renewed' | 'same-end' | 'none'
  /** The never-expiring authorization code of a service client. */
  readonly permanentCode?: string
  /**
   * Its part in promise grants: the emitter gets promise tokens for users, the consumer exchanges them for access
   * tokens. Both are registered with the same definition id.
   */
  readonly promise?: { readonly definitionId: string; readonly role: 'emitter' | 'consumer' }
  /** Lifetime of its access tokens in ms. Default: the emulator's. */
  readonly accessTokenLifetime?: number
}

/** A client with every default filled in. */
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
    `The promise option of the client '${clientId}' is incomplete. Give a definitionId, and the role emitter or consumer.`,
  )
}

/** Fills in the defaults of a client. */
export async function toClient(options: RegisteredClientOptions): Promise<RegisteredClient> {
  if (typeof options.clientId !== 'string' || options.clientId === '') {
    throw new ConfigurationError('BAD_OPTION', 'A client of the emulator has no clientId. Give each one an id.')
  }
  const redirectUris = options.redirectUris ?? []
  const defaultRedirectUri = options.defaultRedirectUri ?? redirectUris.find((uri) => typeof uri === 'string')
  const clientSecrets = options.clientSecrets ?? []
  checkPromise(options)
  const publicKeys = await Promise.all((options.publicKeys ?? []).map(importPublicKey)).catch(() => {
    throw new ConfigurationError(
      'BAD_OPTION',
      `A public key of the client '${options.clientId}' cannot be read. Give RSA keys as SPKI PEM, certificate PEM or JWK.`,
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

/** Registers the clients; of two with one id the later wins. */
export async function createClientRegistry(options: readonly RegisteredClientOptions[]): Promise<ClientRegistry> {
  const clients = await Promise.all(options.map(toClient))
  return new Map(clients.map((client) => [client.clientId, client]))
}
