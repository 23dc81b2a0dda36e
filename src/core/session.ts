import { ImsResponseError, isImsError, LoginRequiredError, UnavailableError } from './errors.ts'
import { isSilent } from './flows/flow.ts'
import type { Call } from './ims/call.ts'
import { keepUntil, parseTokens, type Tokens } from './ims/tokens.ts'
import type { Json } from './ports.ts'
import type { Setup } from './setup.ts'
import { type SharedFlight, sharedFlight } from './shared-flight.ts'

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
  /** What is stored, fresh or not. */
  stored(): Promise<Tokens | undefined>
  /** Stores what a login obtained. */
  keep(tokens: Tokens): Promise<void>
  /** Forgets memory and store. What is being renewed meanwhile is not brought back. */
  forget(): Promise<void>
  /** Drops the token in memory, so that the next call looks into the store. */
  refreshMemory(): void
  close(reason: unknown): void
}

const behindShare = 0.2
const behindPause = 30_000
const refused = /* @__PURE__ */ new Set(['invalid_grant', 'invalid_token', 'access_denied'])

export function createSession(setup: Setup): Session {
  const { flow, platform, connection } = setup
  const { clock, emit } = connection
  let memory: Tokens | undefined
  let warmUntil = 0
  let behindAfter = 0
  let generation = 0
  let closed: { reason: unknown } | undefined
  const flights = new Map<string, SharedFlight<Tokens>>()

  const note = (error: unknown, during: string) => {
    const known = isImsError(error)
    emit({ type: 'error', code: known ? error.code : undefined, message: known ? error.message : 'unexpected', during })
  }

  function remember(tokens: Tokens | undefined): void {
    memory = tokens
    const margin = tokens === undefined ? 0 : marginOf(tokens)
    warmUntil = tokens === undefined ? 0 : tokens.expiresAt - margin * (1 + behindShare)
  }

  /** A token that lives shorter than twice the margin is good for half of its life, or it would never be reused. */
  function marginOf(tokens: Tokens, minValidity?: number): number {
    if (minValidity !== undefined) return minValidity
    const { obtainedAt, expiresAt } = tokens
    return obtainedAt === undefined ? setup.minValidity : Math.min(setup.minValidity, (expiresAt - obtainedAt) / 2)
  }

  const isFresh = (tokens: Tokens | undefined, minValidity?: number): tokens is Tokens =>
    tokens !== undefined && tokens.expiresAt - marginOf(tokens, minValidity) > clock.now()

  /** A store that cannot be read is an empty one: a new token can still be had. */
  async function load(): Promise<Tokens | undefined> {
    try {
      return parseTokens(await platform.store.get(await setup.tokenKey()))
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      note(error, 'reading the store')
      return undefined
    }
  }

  /** A token that cannot be stored is still a token. */
  async function save(tokens: Tokens | undefined): Promise<void> {
    try {
      const key = await setup.tokenKey()
      if (tokens === undefined) return await platform.store.delete(key)
      await platform.store.set(key, tokens as unknown as Json, keepUntil(tokens))
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      note(error, 'writing the store')
    }
  }

  async function current(options: GetTokenOptions = {}): Promise<Tokens> {
    const { signal, minValidity, force = false } = options
    if (closed !== undefined) throw closed.reason
    signal?.throwIfAborted()
    const known = isFresh(memory, minValidity) ? memory : await load()
    if (!force && isFresh(known, minValidity)) {
      remember(known)
      if (clock.now() > warmUntil) renewBehind(known)
      return known
    }
    return flight(options, known).join(signal)
  }

  function flight({ minValidity, force = false }: GetTokenOptions, known: Tokens | undefined): SharedFlight<Tokens> {
    const name = JSON.stringify([force, minValidity ?? null])
    const under = flights.get(name)
    if (under !== undefined) return under
    const started: SharedFlight<Tokens> = sharedFlight(
      (signal) =>
        locked(signal, (call) =>
          lookAgain(call, { minValidity, stale: force ? known?.accessToken : undefined, force }),
        ),
      () => {
        if (flights.get(name) === started) flights.delete(name)
      },
    )
    if (platform.sharing !== false) flights.set(name, started)
    return started
  }

  /** Runs `task` under the lock; without it where the lock itself is broken, as waiting for ever helps nobody. */
  async function locked<T>(signal: AbortSignal, task: (call: Call) => Promise<T>): Promise<T> {
    const asked = clock.now()
    let entered = false
    const enter = () => {
      entered = true
      const duration = clock.now() - asked
      if (duration > 0) emit({ type: 'lock-wait', duration })
      return setup.call(signal).then(task)
    }
    try {
      return await platform.lock(await setup.tokenKey(), enter, signal)
    } catch (error) {
      if (entered || !(error instanceof UnavailableError)) throw error
      note(error, 'waiting for the lock')
      return enter()
    }
  }

  async function lookAgain(
    call: Call,
    { minValidity, force, stale }: { minValidity?: number | undefined; force: boolean; stale: string | undefined },
  ): Promise<Tokens> {
    const began = generation
    const found = await load()
    // someone else may have renewed while we waited; a forced call wants any token but the one it saw
    const usable = isFresh(found, minValidity) && (!force || (stale !== undefined && found.accessToken !== stale))
    if (usable) return adopt(found)
    return renew(call, found ?? (memory?.refreshToken === undefined ? undefined : memory), began)
  }

  function adopt(tokens: Tokens): Tokens {
    remember(tokens)
    emit({ type: 'token', source: 'adopted', expiresAt: tokens.expiresAt, scopes: tokens.scopes })
    return tokens
  }

  async function renew(call: Call, old: Tokens | undefined, began: number): Promise<Tokens> {
    try {
      const continued = await refreshed(old, began)
      if (continued !== undefined) return continued
      if (isSilent(flow)) return await settle(await flow.obtain(call), 'issued', began)
    } catch (error) {
      // an outage takes nothing away: what has not expired yet is still good
      if (error instanceof UnavailableError && old !== undefined && old.expiresAt > clock.now()) {
        note(error, 'renewing')
        return old
      }
      throw error
    }
    const why = old === undefined ? 'nobody is signed in' : 'the sign-in has expired'
    throw new LoginRequiredError('LOGIN_REQUIRED', `${why} and no token can be had without a person; call login()`)
  }

  /** New tokens from the refresh token, those of whoever was faster, or `undefined` where there is none or IMS refuses it. */
  async function refreshed(old: Tokens | undefined, began: number): Promise<Tokens | undefined> {
    let held = old
    for (let round = 0; round < 2; round++) {
      const { refreshToken, refreshExpiresAt = Number.POSITIVE_INFINITY } = held ?? {}
      if (held === undefined || refreshToken === undefined || flow.refresh === undefined) return undefined
      if (refreshExpiresAt <= clock.now()) return undefined
      try {
        // not aborted with its callers: a rotated refresh token that nobody stores is a lost login
        const answer = await flow.refresh(await setup.call(), refreshToken)
        return await settle({ ...carried(held), ...answer }, 'refreshed', began)
      } catch (error) {
        if (!(error instanceof ImsResponseError) || !refused.has(error.imsError ?? '')) throw error
        const winner = await load()
        if (winner?.refreshToken === refreshToken || winner === undefined) {
          emit({ type: 'refresh-refused', clientId: flow.clientId, error: error.imsError })
          await dropRefreshToken(held, began)
          return undefined
        }
        if (isFresh(winner)) return adopt(winner)
        held = winner
      }
    }
    return undefined
  }

  /** What a refresh response may leave out and what then stays as it was (RFC 6749, section 6). */
  function carried({ refreshToken, refreshExpiresAt, scopes, claims }: Tokens): Partial<Tokens> {
    return {
      ...(refreshToken !== undefined && { refreshToken }),
      ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
      ...(scopes && { scopes }),
      ...(claims && { claims }),
    }
  }

  async function dropRefreshToken(
    { refreshToken: _, refreshExpiresAt: __, ...rest }: Tokens,
    began: number,
  ): Promise<void> {
    if (began !== generation) return
    await save(rest.expiresAt > clock.now() ? rest : undefined)
  }

  async function settle(tokens: Tokens, source: 'issued' | 'refreshed', began: number): Promise<Tokens> {
    if (began === generation) {
      remember(tokens)
      await save(tokens)
    }
    emit({ type: 'token', source, expiresAt: tokens.expiresAt, scopes: tokens.scopes })
    return tokens
  }

  function renewBehind(tokens: Tokens): void {
    const silent = isSilent(flow) || tokens.refreshToken !== undefined
    if (!silent || clock.now() < behindAfter) return
    behindAfter = clock.now() + behindPause
    const margin = marginOf(tokens)
    const ahead = margin * (1 + behindShare)
    const work = flight({ minValidity: ahead }, tokens)
      .join()
      .catch((error: unknown) => note(error, 'renewing in the background'))
    platform.waitUntil?.(work)
  }

  return {
    current,
    warm: () => (clock.now() < warmUntil ? memory : undefined),
    stored: async () => memory ?? (await load()),
    async keep(tokens) {
      generation++
      await locked(new AbortController().signal, async () => {
        remember(tokens)
        await save(tokens)
      })
    },
    async forget() {
      generation++
      remember(undefined)
      await locked(new AbortController().signal, () => save(undefined))
    },
    refreshMemory: () => remember(undefined),
    close(reason) {
      closed = { reason }
      for (const under of flights.values()) under.abort(reason)
    },
  }
}
