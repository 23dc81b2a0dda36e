import { createEmitter, type Emit } from '../events.ts'
import type { Call } from '../ims/call.ts'
import { resolveEndpoint } from '../ims/environment.ts'
import { lazy } from '../lazy.ts'
import { checkCall } from '../options.ts'
import type { ConnectionDefaults } from '../ports.ts'
import { type Connection, callWith, connect } from '../setup.ts'
import type { Verifier } from '../verify/verify-token.ts'
import type { ImsOptions } from './ims-options.ts'

const loadVerifier = /* @__PURE__ */ lazy(() => import('../verify/verify-token.ts'))

/** What an adapter knows beside the options of `new Ims`. */
export interface ImsSetting {
  /** Whether concurrent calls may wait for one request. Default: yes. */
  readonly sharing?: boolean | undefined
  /** Why the endpoint of the options may not be used: only the working directory names it. */
  readonly untrusted?: Error | undefined
  /** Finds environment and endpoint before the first request, if that could not be done without waiting. */
  readonly settle?: (() => Promise<ConnectionDefaults>) | undefined
}

/** The part of `Ims` that a program may replace. */
interface Owner {
  env: string
  endpoint: string
  getApiUrl(api: string): string
}

/** How an `Ims` reaches IMS: at what its `endpoint` and its `getApiUrl` say at the time of the call. */
export class ImsConnection {
  readonly #options: ImsOptions
  readonly #emit: Emit
  #connection: Connection
  #untrusted: Error | undefined
  #settle: ImsSetting['settle']
  #settling: Promise<void> | undefined

  readonly #sharing: boolean
  #verifier: Verifier | undefined
  /** The endpoint whose keys the verifier has. */
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

  /** The verifier, if the next call goes where the last one went. Not loaded again: every request to an API passes here. */
  verifierOf({ endpoint }: Owner): Verifier | undefined {
    const settled = this.#settle === undefined && endpoint === this.#connection.endpoint
    return settled && this.#verifies === endpoint ? this.#verifier : undefined
  }

  /** A verifier with the keys of the endpoint. */
  async makeVerifier(owner: Owner): Promise<Verifier> {
    const { createVerifier } = await loadVerifier()
    const call = await this.open(owner, undefined)
    // concurrent first calls share one, and so its request for the keys
    if (this.#verifier === undefined || this.#verifies !== call.endpoint)
      this.#verifier = createVerifier(call, { sharing: this.#sharing })
    this.#verifies = call.endpoint
    return this.#verifier
  }

  /** @throws {ConfigurationError} `UNTRUSTED_SOURCE` if only the working directory names `endpoint` */
  admit(endpoint: string): void {
    if (this.#untrusted !== undefined && endpoint === this.#connection.endpoint) throw this.#untrusted
  }

  /**
   * What one call needs.
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
    return { ...callWith(this.#connection, signal), urlOf: (path) => this.#urlOf(owner, path) }
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
    // a program that has set an endpoint meanwhile knows better
    if (owner.endpoint !== this.#connection.endpoint) return
    this.#connection = connect({ ...this.#options, env, endpoint }, this.#emit)
    this.#untrusted = untrusted
    owner.endpoint = this.#connection.endpoint
    if (env !== undefined) owner.env = env
  }
}
