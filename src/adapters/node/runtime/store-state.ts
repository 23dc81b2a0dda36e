import { digest } from '../../../core/digest.ts'
import { ConfigurationError, UnavailableError } from '../../../core/errors.ts'
import type { Json, Store } from '../../../core/ports.ts'

/** A token as the context files write it: `expiry` in ms since the epoch, and any further strings beside it. */
export interface StateToken {
  readonly token: string
  readonly expiry: number
  readonly [note: string]: string | number
}

/** What is kept for one context. */
export interface StateEntry {
  readonly access_token?: StateToken | undefined
  readonly refresh_token?: StateToken | undefined
}

/** Keeps the tokens of an I/O Runtime action's contexts. */
export interface StateTokenStore {
  /** `undefined` where nothing readable is kept. Rejects with `STORE_FAILED`. */
  get(contextName: string): Promise<StateEntry | undefined>
  /** Without tokens: deletes what is kept. Rejects with `STORE_FAILED`, or `INVALID_CONTEXT_DATA` before it sends. */
  put(contextName: string, tokens: StateEntry | undefined): Promise<void>
  /** Stores whatever else the containers of an action share. It lists no keys. */
  readonly store: Store
}

/** What {@link connectStateTokens} can be lent. */
export interface StateTokenStoreOptions {
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Loads the State library. Default: `import('@adobe/aio-lib-state')`. */
  readonly load?: (() => Promise<unknown>) | undefined
  /** Is told, once, that the State library is not installed and tokens stay in memory. */
  readonly onDegraded?: ((reason: string) => void) | undefined
}

/** The part of `@adobe/aio-lib-state` that is used. */
interface State {
  get(key: string): Promise<{ readonly value?: unknown } | undefined>
  put(key: string, value: string, options: { ttl: number }): Promise<unknown>
  delete(key: string): Promise<unknown>
}
type Init = (config: { ow: { namespace: string; auth: string } }) => Promise<State>

const longestTtl = 31_536_000
const longestKey = 1024
const encodedPrefix = 'imskit-b64.'

/**
 * Keeps tokens in the State service of Adobe I/O Runtime, under the keys and times to live of aio-lib-ims, through
 * the optional package `@adobe/aio-lib-state`, which is loaded on first use.
 *
 * If that package is not installed, tokens stay in the memory of this container: a new one obtains its own.
 *
 * Throws `MISSING_ENVIRONMENT_VARIABLE` outside of an action. Failures of the service reject with `STORE_FAILED`,
 * without a cause: the errors of that package carry what was to be stored.
 */
export function connectStateTokens(options: StateTokenStoreOptions = {}): StateTokenStore {
  const { now = Date.now, load, onDegraded } = options
  const { action, namespace, auth } = readAction(options.env ?? process.env)
  let state: Promise<State> | undefined
  const connected = (): Promise<State> => {
    state ??= connect(load, { namespace, auth }).catch((error: unknown) => {
      if (isNotInstalled((error as { cause?: unknown }).cause)) {
        onDegraded?.('@adobe/aio-lib-state is not installed')
        return memoryState()
      }
      state = undefined
      throw error
    })
    return state
  }
  return {
    async get(contextName) {
      const key = stateKey(action, contextName)
      const service = await connected()
      const entry = await service.get(key).catch(failTo('read tokens from'))
      return readTokens(entry?.value)
    },
    async put(contextName, tokens) {
      const key = stateKey(action, contextName)
      const kept = tokens && checkTokens(tokens)
      const service = await connected()
      if (kept === undefined) return void (await service.delete(key).catch(failTo('delete tokens from')))
      await service.put(key, JSON.stringify(kept), { ttl: secondsLeft(kept, now()) }).catch(failTo('write tokens to'))
    },
    store: stateStore(action, connected, now),
  }
}

function stateStore(action: string, connected: () => Promise<State>, now: () => number): Store {
  const keyOf = async (key: string) => `ims.${keyPart(action.replaceAll('/', '.'))}.imskit.${await digest(key)}`
  return {
    async get(key) {
      const service = await connected()
      const entry = await service.get(await keyOf(key)).catch(failTo('read from'))
      const {
        key: own,
        value,
        expiresAt,
      } = ownEntries(typeof entry?.value === 'string' ? parse(entry.value) : undefined)
      const expired = typeof expiresAt === 'number' && expiresAt <= now()
      return own === key && !expired ? (value as Json | undefined) : undefined
    },
    async set(key, value, expiresAt) {
      const service = await connected()
      const ttl = expiresAt === undefined ? longestTtl : secondsUntil(expiresAt, now())
      await service.put(await keyOf(key), JSON.stringify({ key, value, expiresAt }), { ttl }).catch(failTo('write to'))
    },
    async delete(key) {
      const service = await connected()
      await service.delete(await keyOf(key)).catch(failTo('delete from'))
    },
    keys: async () => [],
  }
}

function readAction(env: NodeJS.ProcessEnv): { action: string; namespace: string; auth: string } {
  const { __OW_ACTION_NAME: action, __OW_NAMESPACE: namespace, __OW_API_KEY: auth } = env
  if (action && namespace && auth) return { action, namespace, auth }
  const missing = ['__OW_ACTION_NAME', '__OW_NAMESPACE', '__OW_API_KEY'].filter((name) => !env[name])
  throw new ConfigurationError(
    'MISSING_ENVIRONMENT_VARIABLE',
    `Missing environment variables: ${missing.join(',')}. Adobe I/O Runtime sets them for an action; __OW_API_KEY ` +
      "needs the annotation 'provide-api-key: true'.",
  )
}

function stateKey(action: string, contextName: string): string {
  if (typeof contextName !== 'string' || contextName === '') {
    throw new ConfigurationError('MISSING_CONTEXT_LABEL', 'Tokens are kept by context: name the context.')
  }
  const key = `ims.${keyPart(action.replaceAll('/', '.'))}.contexts.${keyPart(contextName)}`
  if (key.length <= longestKey) return key
  throw new ConfigurationError('BAD_OPTION', 'The context name is too long for the State service: use a shorter one.')
}

// State takes few characters; a name that looks encoded is encoded too, so that no two names share a key
function keyPart(name: string): string {
  if (/^[\w.-]+$/.test(name) && !name.startsWith(encodedPrefix)) return name
  return encodedPrefix + Buffer.from(name, 'utf8').toString('base64url')
}

async function connect(load: StateTokenStoreOptions['load'], ow: { namespace: string; auth: string }): Promise<State> {
  let module: { init?: Init; default?: { init?: Init } }
  try {
    // written out, awaited and inside of `try`: so bundlers include the package, and only warn if it is missing
    module = (load ? await load() : await import('@adobe/aio-lib-state')) as typeof module
  } catch (cause) {
    throw loadError(cause)
  }
  const init = module.init ?? module.default?.init
  if (!init) throw loadError()
  return init({ ow }).catch(failTo('connect to'))
}

function loadError(cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    'BAD_OPTION',
    'In an I/O Runtime action the package @adobe/aio-lib-state stores the tokens, and it could not be used. ' +
      'Run: npm install @adobe/aio-lib-state@5',
    { cause },
  )
}

/** Whether it is the package itself that is missing, and not a part of it: then it is broken. */
function isNotInstalled(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  return isMissing && /^Cannot find (?:module|package) '@adobe\/aio-lib-state'/.test(String(message))
}

/** What a State service would store, for this container alone. Tokens and entries say themselves when they expire. */
function memoryState(): State {
  const values = new Map<string, string>()
  return {
    get: async (key) => ({ value: values.get(key) }),
    put: async (key, value) => void values.set(key, value),
    delete: async (key) => void values.delete(key),
  }
}

function failTo(act: string): (error: unknown) => never {
  return (error) => {
    const code = (error as { code?: unknown } | undefined)?.code
    const reason = typeof code === 'string' && /^[A-Z_]{1,60}$/.test(code) ? ` (${code})` : ''
    throw new UnavailableError(
      'STORE_FAILED',
      `Could not ${act} the State service${reason}. Try again; if it lasts, check the action's namespace and API key.`,
    )
  }
}

function secondsLeft(tokens: StateEntry, now: number): number {
  const expiries = [tokens.access_token, tokens.refresh_token].flatMap((token) => (token ? [token.expiry] : []))
  return secondsUntil(Math.max(...expiries), now)
}

function secondsUntil(expiry: number, now: number): number {
  return Math.min(Math.max(Math.floor((expiry - now) / 1000), 1), longestTtl)
}

function checkTokens(tokens: StateEntry): StateEntry | undefined {
  const kept = pickTokens(tokens)
  const given = [tokens.access_token, tokens.refresh_token].filter((token) => token !== undefined && token !== null)
  if (Object.keys(kept).length === given.length) return given.length > 0 ? kept : undefined
  throw new ConfigurationError('INVALID_CONTEXT_DATA', 'A token to keep must be { token, expiry }, with expiry in ms.')
}

function readTokens(value: unknown): StateEntry | undefined {
  const tokens = pickTokens(typeof value === 'string' ? parse(value) : value)
  return Object.keys(tokens).length > 0 ? tokens : undefined
}

function pickTokens(value: unknown): StateEntry {
  const { access_token, refresh_token } = ownEntries(value)
  const picked = Object.entries({ access_token: pickToken(access_token), refresh_token: pickToken(refresh_token) })
  return Object.fromEntries(picked.filter(([, token]) => token !== undefined))
}

function pickToken(value: unknown): StateToken | undefined {
  const { token, expiry, ...rest } = ownEntries(value)
  const expiresAt = typeof expiry === 'string' && expiry.trim() !== '' ? Number(expiry) : expiry
  if (typeof token !== 'string' || token === '') return undefined
  if (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt)) return undefined
  const notes = Object.entries(rest).filter((note): note is [string, string] => typeof note[1] === 'string')
  return { ...Object.fromEntries(notes), token, expiry: expiresAt }
}

// what is stored is not trusted: only own properties count, and none can reach a prototype
function ownEntries(value: unknown): Partial<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== '__proto__'))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
