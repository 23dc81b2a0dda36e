import { ConfigurationError, ImsResponseError, LoginRequiredError, UnavailableError } from '../errors.ts'
import { isSilent } from '../flows/flow.ts'
import type { Call } from '../ims/call.ts'
import type { Tokens } from '../ims/tokens.ts'
import type { Change } from '../ports.ts'
import type { Setup } from '../setup.ts'
import { type SharedFlight, sharedFlight } from './single-flight.ts'
import { keptTokens, later } from './token-cache.ts'
import { locked, noteFailure } from './with-lock.ts'

export interface GetTokenOptions {
  /** Ends this caller's wait; others who wait for the same token are not disturbed. */
  readonly signal?: AbortSignal | undefined
  /** The token must be valid for at least so many ms. Default: the client's. */
  readonly minValidity?: number | undefined
  /** Skip the stored token. */
  readonly force?: boolean | undefined
}

/** getToken's story: look, lock, look again, renew, remember. */
export interface Session {
  current(options?: GetTokenOptions): Promise<Tokens>
  /** The token in memory while no look at the store is due: the warm path. */
  warm(): Tokens | undefined
  /** Stores what a login obtained. */
  keep(tokens: Tokens): Promise<void>
  /**
   * Forgets memory and store, `found` being told what was there. What is being renewed meanwhile is not brought back.
   * Rejects where the store cannot forget.
   */
  forget(found?: (tokens: Tokens | undefined) => void): Promise<void>
  /** Runs `work` whenever the tokens are forgotten, here or elsewhere. */
  onForget(work: () => void): void
  /** Drops the token in memory, so that the next call looks into the store. */
  refreshMemory(): void
  close(reason: unknown): void
}

const behindPause = 30_000
const refused = /* @__PURE__ */ new Set(['invalid_grant', 'invalid_token', 'access_denied'])

/** What one flight was started for. */
interface Errand {
  readonly minValidity?: number | undefined
  readonly force: boolean
  /** The access token that a forced call does not want. */
  readonly stale: string | undefined
  /** The generation in which it began: what was forgotten since is not brought back. */
  readonly began: number
}

export function createSession(setup: Setup): Session {
  const { flow, platform, connection } = setup
  const { clock, emit } = connection
  const { memory, warm, isFresh, renewalMargin, remember, load, latest, save } = keptTokens(setup)
  let behindAfter = 0
  let generation = 0
  let closed: { reason: unknown } | undefined
  let unlisten: (() => void) | undefined
  const flights = new Map<string, SharedFlight<Tokens>>()
  const forgetting: (() => void)[] = []

  /** Others who share the store hear of what happened here, and we of what they did, from the first use on. */
  async function tell(kind: Change['kind']): Promise<void> {
    listen()
    platform.changes?.tell({ kind, key: await setup.tokenKey() })
  }

  function listen(): void {
    if (platform.changes === undefined || unlisten !== undefined || closed !== undefined) return
    unlisten = platform.changes.listen(async ({ kind, key }) => {
      if (key !== undefined && key !== (await setup.tokenKey())) return
      remember(undefined)
      if (kind === 'logout') for (const work of forgetting) work()
      if (kind === 'token') return
      generation++
      emit({ type: kind, clientId: flow.clientId })
    })
  }

  async function current(options: GetTokenOptions = {}): Promise<Tokens> {
    listen()
    const { signal, minValidity, force = false } = options
    if (closed !== undefined) throw closed.reason
    signal?.throwIfAborted()
    checkValidity(minValidity)
    const began = generation
    const held = memory()
    const known = isFresh(held, minValidity) ? held : await load()
    if (force || !isFresh(known, minValidity)) return flight(options, known).join(signal)
    // forgotten while the store was read: good for this caller, and not to be remembered
    if (began !== generation) return known
    remember(known)
    if (warm() === undefined) renewBehind(known)
    return known
  }

  function flight({ minValidity, force = false }: GetTokenOptions, known: Tokens | undefined): SharedFlight<Tokens> {
    const name = `${generation} ${force} ${minValidity}`
    const under = flights.get(name)
    if (under !== undefined) return under
    if (closed !== undefined) throw closed.reason
    const errand: Errand = { minValidity, force, stale: known?.accessToken, began: generation }
    const started: SharedFlight<Tokens> = sharedFlight(
      async (signal) =>
        locked(setup, {
          name: await setup.tokenKey(),
          task: async () => lookAgain(await setup.call(signal), errand),
          signal,
        }),
      () => {
        if (flights.get(name) === started) flights.delete(name)
      },
    )
    if (platform.sharing !== false) flights.set(name, started)
    return started
  }

  async function lookAgain(call: Call, errand: Errand): Promise<Tokens> {
    const found = await latest()
    // someone else may have renewed while we waited; a forced call wants any token but the one it saw
    const usable = isFresh(found, errand.minValidity) && (!errand.force || found.accessToken !== errand.stale)
    return usable ? adopt(found, errand) : renew(call, found, errand)
  }

  function adopt(tokens: Tokens, { began }: Errand): Tokens {
    if (began === generation) remember(tokens)
    emit({ type: 'token', source: 'adopted', expiresAt: tokens.expiresAt, scopes: tokens.scopes })
    return tokens
  }

  async function renew(call: Call, old: Tokens | undefined, errand: Errand): Promise<Tokens> {
    try {
      const continued = await refreshed(call, old, errand)
      if (continued !== undefined) return continued
      if (isSilent(flow)) return await settle(await flow.obtain(call), 'issued', errand)
    } catch (error) {
      // an outage takes nothing away: what has not expired yet is still good, unless it is just what is not wanted
      const stillGood = !errand.force && old !== undefined && old.expiresAt > clock.now()
      if (!(error instanceof UnavailableError) || !stillGood) throw error
      noteFailure(setup, error, 'renewing')
      return old
    }
    const why = old === undefined ? 'nobody is signed in' : 'the sign-in has expired'
    throw new LoginRequiredError('LOGIN_REQUIRED', `${why} and no token can be had without a person; call login()`)
  }

  /** New tokens from the refresh token, those of whoever was faster, or `undefined` where there is none or IMS refuses it. */
  async function refreshed(call: Call, old: Tokens | undefined, errand: Errand): Promise<Tokens | undefined> {
    let held = old
    for (let round = 0; round < 2; round++) {
      const { refreshToken, refreshExpiresAt = Number.POSITIVE_INFINITY } = held ?? {}
      if (held === undefined || refreshToken === undefined || flow.refresh === undefined) return undefined
      if (refreshExpiresAt <= clock.now()) return undefined
      call.signal?.throwIfAborted()
      try {
        // not aborted with its callers: a rotated refresh token that nobody stores is a lost login
        const answer = await flow.refresh(await setup.call(), refreshToken)
        return await settle({ ...carried(held, answer), ...answer }, 'refreshed', errand)
      } catch (error) {
        if (!(error instanceof ImsResponseError) || !refused.has(error.imsError ?? '')) throw error
        const winner = await latest()
        if (winner?.accessToken !== held.accessToken && isFresh(winner, errand.minValidity))
          return adopt(winner, errand)
        if (winner === undefined || winner.refreshToken === refreshToken) {
          emit({ type: 'refresh-refused', clientId: flow.clientId, error: error.imsError })
          await dropRefreshToken(winner ?? held, errand)
          return undefined
        }
        held = winner
      }
    }
    return undefined
  }

  async function dropRefreshToken(
    { refreshToken: _, refreshExpiresAt: __, ...rest }: Tokens,
    { began }: Errand,
  ): Promise<void> {
    if (began !== generation) return
    const left = rest.expiresAt > clock.now() ? rest : undefined
    remember(left)
    await save(left)
  }

  async function settle(tokens: Tokens, source: 'issued' | 'refreshed', { began }: Errand): Promise<Tokens> {
    if (began === generation) {
      remember(tokens)
      await save(tokens)
      await tell('token')
    }
    emit({ type: 'token', source, expiresAt: tokens.expiresAt, scopes: tokens.scopes })
    return tokens
  }

  function renewBehind(tokens: Tokens): void {
    const silent = isSilent(flow) || tokens.refreshToken !== undefined
    // what ends with its request begins nothing that it cannot bring to an end
    const alive = platform.sharing !== false || platform.waitUntil !== undefined
    if (!silent || !alive || clock.now() < behindAfter) return
    behindAfter = clock.now() + behindPause
    const work = flight({ minValidity: renewalMargin(tokens) }, tokens)
      .join()
      .catch((error: unknown) => noteFailure(setup, error, 'renewing in the background'))
    platform.waitUntil?.(work)
  }

  return {
    current,
    warm: () => (closed === undefined ? warm() : undefined),
    async keep(tokens) {
      generation++
      await locked(setup, {
        name: await setup.tokenKey(),
        task: async () => {
          remember(tokens)
          await save(tokens)
          await tell('login')
        },
      })
    },
    async forget(found = () => {}) {
      const held = memory()
      generation++
      remember(undefined)
      for (const work of forgetting) work()
      const name = await setup.tokenKey()
      const task = async () => {
        found(later(await load(), held))
        await platform.store.delete(name)
        await tell('logout')
      }
      await locked(setup, { name, task })
    },
    onForget: (work) => void forgetting.push(work),
    refreshMemory: () => remember(undefined),
    close(reason) {
      closed = { reason }
      unlisten?.()
      for (const under of flights.values()) under.abort(reason)
    },
  }
}

/** What a refresh response may leave out and what then stays as it was (RFC 6749, section 6). */
function carried({ refreshToken, refreshExpiresAt, scopes, claims }: Tokens, answer: Tokens): Partial<Tokens> {
  const same = answer.refreshToken === undefined || answer.refreshToken === refreshToken
  return {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(same && refreshExpiresAt !== undefined && { refreshExpiresAt }),
    ...(scopes && { scopes }),
    ...(claims && { claims }),
  }
}

function checkValidity(minValidity: unknown): void {
  if (minValidity === undefined || (typeof minValidity === 'number' && minValidity >= 0)) return
  throw new ConfigurationError('BAD_OPTION', 'minValidity must be a number of milliseconds, 0 or more')
}
