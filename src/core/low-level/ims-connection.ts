import { untilAborted } from '../async.ts'
import { createEmitter, operationId, type Report } from '../events.ts'
import type { Call } from '../ims/call.ts'
import type { TokenClaims } from '../ims/decode-token.ts'
import { resolveEndpoint } from '../ims/environment.ts'
import { lazy } from '../lazy.ts'
import { badOption, checkCall } from '../options.ts'
import type { ConnectionDefaults } from '../ports.ts'
import { type Connection, callWith, connect } from '../setup.ts'
import { withoutTrailing } from '../text.ts'
import type { Verifier, VerifyTokenOptions } from '../verify/verify-token.ts'
import type { ImsOptions } from './ims-options.ts'

const loadVerifier = /* @__PURE__ */ lazy(() => import('../verify/verify-token.ts'))

/** What an adapter sets in addition to the options of `new Ims`. */
export interface ImsSetting {
  /** Whether concurrent calls may wait for one request. Default: yes. */
  readonly sharing?: boolean | undefined
  /** The error to throw if the endpoint is used: only the working directory names it. */
  readonly untrusted?: Error | undefined
  /** Resolves environment and endpoint before the first request, if they could not be read synchronously. */
  readonly settle?: (() => Promise<ConnectionDefaults>) | undefined
}

/** The options of `verifyToken`. */
export type VerifyCall = VerifyTokenOptions & { signal?: AbortSignal }

/** The part of `Ims` that a program may replace. */
interface Owner {
  env: string
  endpoint: string
  getApiUrl(api: string): string
}

/** Where an `Ims` sends its requests: what its `endpoint` and its `getApiUrl` say at the time of the call. */
export class ImsConnection {
  readonly #options: ImsOptions
  readonly #emit: Report
  #connection: Connection
  #untrusted: Error | undefined
  #settle: ImsSetting['settle']
  #settling: Promise<void> | undefined

  readonly #sharing: boolean
  #verifier: Verifier | undefined
  /** The endpoint whose keys the verifier uses. */
  #verifies: string | undefined

  constructor(options: ImsOptions, { sharing = true, untrusted, settle }: ImsSetting) {
    this.#sharing = sharing
    this.#options = options
    this.#emit = createEmitter(options.onEvent).emit
    this.#connection = connect(options, this.#emit)
    this.#untrusted = untrusted
    this.#settle = settle
  }

  get endpoint(): string {
    return this.#connection.endpoint
  }

  /** Verifies `token` with the keys of the owner's endpoint. */
  async verify(owner: Owner, token: string, options: VerifyCall | undefined): Promise<TokenClaims> {
    // not loaded again: an API verifies the token of every request
    const verify = this.#verifierOf(owner) ?? (await this.#makeVerifier(owner))
    if (options?.signal === undefined) return verify(token, options)
    const { signal, ...expected } = options
    checkCall('verifyToken', { signal })
    return untilAborted(verify(token, expected), signal)
  }

  #verifierOf({ endpoint }: Owner): Verifier | undefined {
    const settled = this.#settle === undefined && endpoint === this.#connection.endpoint
    return settled && this.#verifies === endpoint ? this.#verifier : undefined
  }

  async #makeVerifier(owner: Owner): Promise<Verifier> {
    const { createVerifier, checkVerifyOptions } = await loadVerifier()
    const call = await this.open(owner, undefined)
    // concurrent first calls share one, and so its request for the keys
    if (this.#verifier === undefined || this.#verifies !== call.endpoint) {
      const verify = createVerifier(call, { sharing: this.#sharing })
      this.#verifier = (token, options = {}) => {
        checkVerifyOptions(options)
        return verify(token, options)
      }
    }
    this.#verifies = call.endpoint
    return this.#verifier
  }

  /**
   * The address of an API path at `endpoint`.
   *
   * @throws {ConfigurationError} `UNTRUSTED_SOURCE` if only the working directory names `endpoint`; `BAD_OPTION`
   */
  urlAt(endpoint: string, path: unknown): string {
    if (this.#untrusted !== undefined && endpoint === this.#connection.endpoint) throw this.#untrusted
    // anything else could become part of the host name and send the token elsewhere
    if (typeof path === 'string' && path.startsWith('/')) return withoutTrailing(String(endpoint), '/') + path
    throw badOption('An API path must start with /, such as /ims/profile/v1')
  }

  /**
   * The context of one call.
   *
   * @throws {ConfigurationError} `BAD_OPTION` for an endpoint or signal that is unusable
   */
  async open(owner: Owner, signal: AbortSignal | undefined): Promise<Call> {
    if (signal !== undefined) checkCall('Ims', { signal })
    if (this.#settle !== undefined) await this.#settled(owner)
    if (owner.endpoint !== this.#connection.endpoint) {
      this.#connection = connect({ ...this.#options, endpoint: owner.endpoint }, this.#emit)
      this.#untrusted = undefined
      owner.endpoint = this.#connection.endpoint
    }
    const operation = operationId()
    const emit: Report = (event) => this.#emit({ ...event, operation })
    return { ...callWith(this.#connection, signal), emit, urlOf: (path) => this.#urlOf(owner, path) }
  }

  #urlOf(owner: Owner, path: string): string {
    const url = owner.getApiUrl(path)
    if (typeof url === 'string' && url.startsWith(`${this.#connection.endpoint}/`)) return url
    resolveEndpoint({ endpoint: URL.canParse(url) ? new URL(url).origin : String(url) })
    return url
  }

  async #settled(owner: Owner): Promise<void> {
    this.#settling ??= this.#find(owner).finally(() => {
      this.#settling = undefined
    })
    await this.#settling
  }

  async #find(owner: Owner): Promise<void> {
    const { env = this.#options.env, endpoint, untrusted } = (await this.#settle?.()) ?? {}
    this.#settle = undefined
    // an endpoint that the program has set meanwhile wins
    if (owner.endpoint !== this.#connection.endpoint) return
    this.#connection = connect({ ...this.#options, env, endpoint }, this.#emit)
    this.#untrusted = untrusted
    owner.endpoint = this.#connection.endpoint
    if (env !== undefined) owner.env = env
  }
}
