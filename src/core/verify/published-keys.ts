import { type Call, urlOf } from '../ims/call.ts'
import { keysPath } from '../ims/endpoints/keys.ts'
import { send } from '../ims/http.ts'
import { malformed } from '../ims/response-error.ts'
import { isObject, parseObject } from '../json.ts'
import { strictBytes } from './compact-token.ts'

/** The keys that one IMS publishes (`GET /ims/keys`, RFC 7517), fetched when needed. */
export interface PublishedKeys {
  /** The key of the last valid token with this very header, if the keys are still considered current. */
  proven(header: string): CryptoKey | undefined
  /** Remembers the key of a valid token with this header: choosing and importing it again would take time. */
  prove(header: string, key: CryptoKey): void
  /** The key with this id, or without an id the only key. Fetches again for an unknown id, with a cool-down. */
  find(kid: string | undefined): Promise<CryptoKey | undefined>
  /** Fetches again because a signature failed; `false` if that was done less than 30 s ago. */
  renew(): Promise<boolean>
}

/** Why keys that are still current are fetched again. Each cause has its own cool-down. */
type Cause = 'kid' | 'signature'

interface Loaded {
  readonly fetchedAt: number
  readonly usable: readonly PublicJwk[]
  readonly imported: Map<PublicJwk, CryptoKey>
  readonly proven: Map<string, CryptoKey>
}

interface State {
  readonly call: Call
  readonly sharing: boolean
  /** When the keys were last fetched for each cause, ms since the epoch. */
  readonly checkedAt: Record<Cause, number>
  readonly failed: Partial<Record<Cause, { readonly at: number; readonly error: unknown }>>
  loaded?: Loaded
  pending?: Promise<void> | undefined
  sent: number
  newest: number
}

/** ms for which fetched keys are considered current */
const lifetime = 600_000
const coolDown = 30_000
/** ms before a failed fetch is repeated for the same cause */
const pauseAfterFailure = 1_000
const maxHeaders = 100
const maxSameId = 8
const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/** @param sharing whether callers may wait for one request; some workers forbid to wait for another request's work */
export function publishedKeys(call: Call, sharing: boolean): PublishedKeys {
  const never = Number.NEGATIVE_INFINITY
  const state: State = { call, sharing, checkedAt: { kid: never, signature: never }, failed: {}, sent: 0, newest: 0 }
  return {
    proven: (header) => current(state)?.proven.get(header),
    prove(header, key) {
      const loaded = current(state)
      // the keys may have been replaced meanwhile, and this one withdrawn
      if (loaded === undefined || ![...loaded.imported.values()].includes(key)) return
      if (loaded.proven.size >= maxHeaders) loaded.proven.clear()
      loaded.proven.set(header, key)
    },
    async find(kid) {
      if (current(state) === undefined) {
        await reload(state)
        for (const cause of ['kid', 'signature'] as const) state.checkedAt[cause] = call.clock.now()
      }
      const found = await choose(state.loaded, kid)
      if (found !== undefined || !(await reloadFor(state, 'kid'))) return found
      return choose(state.loaded, kid)
    },
    renew: () => reloadFor(state, 'signature'),
  }
}

function current(state: State): Loaded | undefined {
  const { loaded } = state
  return loaded !== undefined && isWithin(state, loaded.fetchedAt, lifetime) ? loaded : undefined
}

/** Whether `time` is less than `duration` ms ago. A time in the future is not: the clock was set back. */
function isWithin({ call }: State, time: number, duration: number): boolean {
  const age = call.clock.now() - time
  return age >= 0 && age < duration
}

/** Fetches the keys again, unless that was done for this cause a short while ago. */
async function reloadFor(state: State, cause: Cause): Promise<boolean> {
  if (state.pending === undefined) {
    const failure = state.failed[cause]
    if (failure !== undefined && isWithin(state, failure.at, pauseAfterFailure)) throw failure.error
    if (isWithin(state, state.checkedAt[cause], coolDown)) return false
  }
  try {
    await reload(state)
  } catch (error) {
    state.failed[cause] = { at: state.call.clock.now(), error }
    throw error
  }
  // set at the end: until then every caller with this cause waits for the new keys
  state.checkedAt[cause] = state.call.clock.now()
  return true
}

function reload(state: State): Promise<void> {
  if (!state.sharing) return fetchKeys(state)
  state.pending ??= fetchKeys(state).finally(() => {
    state.pending = undefined
  })
  return state.pending
}

async function fetchKeys(state: State): Promise<void> {
  const order = ++state.sent
  const { call } = state
  const fetchedAt = call.clock.now()
  const request = { url: urlOf(call, keysPath), method: 'GET' }
  const answer = await send(call, request)
  const keys = parseObject(answer.text)?.keys
  if (!Array.isArray(keys) || (keys.length > 0 && !keys.some(isObject)))
    throw malformed(request, answer, 'the answer is not a set of keys')
  // an answer may overtake a later one
  if (order < state.newest) return
  state.newest = order
  state.loaded = { fetchedAt, usable: keys.filter(isUsable), imported: new Map(), proven: new Map() }
}

/** The only key with this id that can be imported. */
async function choose(loaded: Loaded | undefined, kid: string | undefined): Promise<CryptoKey | undefined> {
  if (loaded === undefined) return undefined
  const { usable, imported } = loaded
  const candidates = kid === undefined ? usable : usable.filter((jwk) => jwk.kid === kid)
  if (candidates.length > maxSameId) return undefined
  const keys: CryptoKey[] = []
  for (const jwk of candidates) {
    const key = imported.get(jwk) ?? (await importKey(jwk))
    if (key === undefined) continue
    imported.set(jwk, key)
    keys.push(key)
  }
  return keys.length === 1 ? keys[0] : undefined
}

interface PublicJwk {
  readonly kid?: string
  readonly n: string
  readonly e: string
}

/** Whether an entry of the key set is a public RSA key for RS256. All others are skipped. */
function isUsable(entry: unknown): entry is PublicJwk {
  if (!isObject(entry)) return false
  const { kty, kid, alg = 'RS256', use = 'sig', key_ops: operations = ['verify'], n, e } = entry
  const forRs256 = kty === 'RSA' && alg === 'RS256' && use === 'sig'
  const forVerifying = Array.isArray(operations) && operations.includes('verify') && !('d' in entry)
  const named = kid === undefined || typeof kid === 'string'
  return forRs256 && forVerifying && named && isExponent(e) && typeof n === 'string'
}

/** Whether `e` is an odd number of at least 3 (RFC 8017, section 3.1): with 1 everything is its own signature. */
function isExponent(e: unknown): boolean {
  const bytes = typeof e === 'string' && e.length <= 12 ? strictBytes(e) : undefined
  const value = bytes?.reduce((sum, byte) => sum * 256 + byte, 0) ?? 0
  return value >= 3 && ((bytes?.at(-1) ?? 0) & 1) === 1
}

/** `undefined` for a modulus of another size than 2048 to 16,384 bits (RFC 7518, section 3.3). */
async function importKey({ n, e }: PublicJwk): Promise<CryptoKey | undefined> {
  if (n.length > 2_800 || strictBytes(n) === undefined) return undefined
  try {
    const key = await crypto.subtle.importKey('jwk', { kty: 'RSA', n, e }, algorithm, false, ['verify'])
    const { modulusLength = 0 }: KeyAlgorithm & { modulusLength?: number } = key.algorithm
    return modulusLength >= 2_048 && modulusLength <= 16_384 ? key : undefined
  } catch {
    return undefined
  }
}
