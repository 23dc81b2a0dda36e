/** What to change: code or configuration. */
export type ConfigurationCode =
  | 'CONTEXT_NOT_CONFIGURED'
  | 'MISSING_CONTEXT_LABEL'
  | 'INVALID_CONTEXT_DATA'
  | 'CANNOT_GENERATE_TOKEN'
  | 'INVALID_KEY'
  | 'INVALID_KEY_FILE'
  | 'MISSING_ENVIRONMENT_VARIABLE'
  | 'CANNOT_RESOLVE_ENVIRONMENT'
  | 'UNKNOWN_AUTHCODE_TYPE'
  | 'SECRET_IN_BROWSER'
  | 'CONFIG_UNREADABLE'
  | 'UNTRUSTED_SOURCE'
  | 'BAD_OPTION'
/** The user has to act. */
export type LoginRequiredCode = 'LOGIN_REQUIRED' | 'LOGIN_NOT_POSSIBLE' | 'ACCESS_DENIED' | 'STATE_MISMATCH'
/** The token is not valid. */
export type TokenCode = 'INVALID_TOKEN' | 'BAD_TOKEN' | 'TOKEN_INVALID'
/** IMS refused a request, or its answer cannot be read. */
export type ImsResponseCode = 'HTTP_ERROR' | 'IMS_MALFORMED'
/** Try again later. */
export type UnavailableCode =
  | 'NETWORK_FAILED'
  | 'TIMEOUT'
  | 'STORE_FAILED'
  | 'IMS_UNAVAILABLE'
  | 'SESSION_OUTDATED'
  | 'SESSION_READ_ONLY'
/** Every code that an error of this library can have. Stable: a code is never renamed. */
export type ImsErrorCode = ConfigurationCode | LoginRequiredCode | TokenCode | ImsResponseCode | UnavailableCode

/** Why a token failed local verification: the `reason` of `TOKEN_INVALID`. */
export type TokenInvalidReason =
  | 'malformed'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'expired'
  | 'not_yet_valid'
  | 'type'
  | 'issuer'
  | 'audience'
  | 'nonce'
  | 'client'
  | 'scope'

/** What an error may have in addition to code and message. Never a secret: see {@link ImsError}. */
export interface ErrorExtras {
  readonly cause?: unknown
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

// Symbol.for is one registry for all realms and all copies of this module
const brand = Symbol.for('imskit.error')

/** Assigns those of `facts` that are known, so that an error has no empty members. */
function assignDefined(error: ImsError, facts: object): void {
  for (const [name, value] of Object.entries(facts)) if (value !== undefined) Object.assign(error, { [name]: value })
}

/**
 * The base of every error that this library throws, except a caller's own abort reason.
 *
 * `code` is stable and meant for programs, `message` says what happened and then what to do. Neither they nor
 * `cause` nor `details` ever hold a token, secret, code, verifier, key or passphrase.
 */
export class ImsError<Code extends ImsErrorCode = ImsErrorCode> extends Error {
  override name = 'ImsError'
  readonly code: Code
  declare readonly details?: Readonly<Record<string, unknown>>

  constructor(code: Code, message: string, extras?: ErrorExtras) {
    const { cause, details } = extras ?? {}
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    assignDefined(this, { details })
  }

  get [brand](): true {
    return true
  }

  /** As in errors of `@adobe/aio-lib-ims`. */
  get sdk(): 'IMSSDK' {
    return 'IMSSDK'
  }

  /** `details`, under the name that errors of `@adobe/aio-lib-ims` have for it. */
  get sdkDetails(): Readonly<Record<string, unknown>> {
    return this.details ?? {}
  }

  /** Everything but the stack and the cause, for a log. */
  toJSON(): object {
    const { name, code, message, sdk, sdkDetails } = this
    return Object.assign({ name, code, message }, this, { sdk, sdkDetails })
  }
}

/** The program or its configuration has to change. */
export class ConfigurationError extends ImsError<ConfigurationCode> {
  override readonly name: 'ConfigurationError' = 'ConfigurationError'
}

/** The user has to sign in (again). */
export class LoginRequiredError extends ImsError<LoginRequiredCode> {
  override readonly name: 'LoginRequiredError' = 'LoginRequiredError'
}

/** A token is not valid; `reason` says why if it was verified locally. */
export class TokenError extends ImsError<TokenCode> {
  override readonly name: 'TokenError' = 'TokenError'
  declare readonly reason?: TokenInvalidReason

  constructor(code: TokenCode, message: string, extras?: ErrorExtras & { reason?: TokenInvalidReason }) {
    super(code, message, extras)
    assignDefined(this, { reason: extras?.reason })
  }
}

/** What IMS answered when it refused a request. */
export interface ResponseFacts {
  /** HTTP status. */
  readonly status: number
  /** `error` of the response body (RFC 6749, section 5.2). */
  readonly imsError?: string | undefined
  /** `error_description` of the response body: untrusted text. */
  readonly imsErrorDescription?: string | undefined
  /** `x-debug-id` of the response: what Adobe's support asks for. */
  readonly requestId?: string | undefined
}

/** IMS refused a request. */
export class ImsResponseError extends ImsError<ImsResponseCode> implements ResponseFacts {
  override readonly name: 'ImsResponseError' = 'ImsResponseError'
  readonly status: number
  declare readonly imsError?: string
  declare readonly imsErrorDescription?: string
  declare readonly requestId?: string

  constructor(code: ImsResponseCode, message: string, facts: ResponseFacts & ErrorExtras) {
    super(code, message, facts)
    const { status, imsError, imsErrorDescription, requestId } = facts ?? {}
    this.status = status
    assignDefined(this, { imsError, imsErrorDescription, requestId })
  }
}

/** A network, store or server failed: try again later. `retryAfter` is in ms, if the server named a time. */
export class UnavailableError extends ImsError<UnavailableCode> {
  override readonly name: 'UnavailableError' = 'UnavailableError'
  declare readonly retryAfter?: number
  declare readonly status?: number
  declare readonly requestId?: string

  constructor(
    code: UnavailableCode,
    message: string,
    extras?: ErrorExtras & Partial<Pick<ResponseFacts, 'status' | 'requestId'>> & { retryAfter?: number | undefined },
  ) {
    super(code, message, extras)
    const { retryAfter, status, requestId } = extras ?? {}
    assignDefined(this, { retryAfter, status, requestId })
  }
}

/** Any error of this library; `name` and `code` distinguish them. */
export type AnyImsError = ConfigurationError | LoginRequiredError | TokenError | ImsResponseError | UnavailableError

/**
 * Whether `error` is an error of this library; works across realms and across duplicate copies of this package.
 *
 * @example
 * if (isImsError(error) && error.code === 'LOGIN_REQUIRED') await client.login()
 */
export function isImsError(error: unknown): error is AnyImsError {
  return typeof error === 'object' && error !== null && brand in error
}
