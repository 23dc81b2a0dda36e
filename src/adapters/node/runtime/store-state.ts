import { digest } from '../../../core/digest.ts'
import { ConfigurationError, UnavailableError } from '../../../core/errors.ts'
import type { Json, Store } from '../../../core/ports.ts'

/** A token in the format of context files: `expiry` in ms since the epoch, and optionally further strings. */
export interface StateToken {
  readonly token: string
  readonly expiry: number
  readonly [note: string]: string | number
}

/** The tokens that are stored for one context. */
export interface StateEntry {
  readonly access_token?: StateToken | undefined
  readonly refresh_token?: StateToken | undefined
}

/** Stores the tokens of an I/O Runtime action's contexts. */
export interface StateTokenStore {
  /** `undefined` if no valid entry is stored. Rejects with `STORE_FAILED`. */
  get(contextName: string): Promise<StateEntry | undefined>
  /** Without tokens: deletes the entry. Rejects with `STORE_FAILED`, or with `INVALID_CONTEXT_DATA` before it sends. */
  put(contextName: string, tokens: StateEntry | undefined): Promise<void>
  /** Stores other values that the containers of an action share. It does not list keys. */
  readonly store: Store
}

/** Options of {@link connectStateTokens}. */
export interface StateTokenStoreOptions {
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined
  /** Loads the State library. Default: `import('@adobe/aio-lib-state')`. */
  readonly load?: (() => Promise<unknown>) | undefined
  /** Called once if the State library is not installed, so that tokens stay in memory. */
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
 * Stores tokens in the State service of Adobe I/O Runtime, with the keys and times to live of `@adobe/aio-lib-ims`. It
 * uses the optional package `@adobe/aio-lib-state`, which is loaded on first use.
 *
 * If that package is not installed, tokens stay in the memory of this container, and a new container obtains its own.
 *
 * Throws `MISSING_ENVIRONMENT_VARIABLE` outside an action. If the service fails, promises reject with `STORE_FAILED` and
 * without a cause, because the errors of that package contain the tokens.
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
      const checked = tokens && checkTokens(tokens)
      const service = await connected()
      if (checked === undefined) return void (await service.delete(key).catch(failTo('delete tokens from')))
      await service
        .put(key, JSON.stringify(checked), { ttl: secondsLeft(checked, now()) })
        .catch(failTo('write tokens to'))
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
    throw new ConfigurationError('MISSING_CONTEXT_LABEL', 'Tokens are stored by context. Pass the name of the context.')
  }
  const key = `ims.${keyPart(action.replaceAll('/', '.'))}.contexts.${keyPart(contextName)}`
  if (key.length <= longestKey) return key
  throw new ConfigurationError('BAD_OPTION', 'The context name is too long for the State service. Use a shorter name.')
}

// State allows few characters; a name that looks encoded is encoded as well, so that two names never share a key
function keyPart(name: string): string {
  if (/^[\w.-]+$/.test(name) && !name.startsWith(encodedPrefix)) return name
  return encodedPrefix + Buffer.from(name, 'utf8').toString('base64url')
}

async function connect(load: StateTokenStoreOptions['load'], ow: { namespace: string; auth: string }): Promise<State> {
  let module: { init?: Init; default?: { init?: Init } }
  try {
    // a literal name, awaited inside `try`: bundlers then include the package, and only warn if it is missing
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
    'The package @adobe/aio-lib-state, which stores the tokens in an I/O Runtime action, could not be used. ' +
      'Run: npm install @adobe/aio-lib-state@5',
    { cause },
  )
}

/** Whether the package itself is missing, and not one of its parts, which would mean that it is broken. */
function isNotInstalled(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  return isMissing && /^Cannot find (?:module|package) '@adobe\/aio-lib-state'/.test(String(message))
}

/** Stores the entries of a State service in this container only. They contain their own expiry. */
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
      `Could not ${act} the State service${reason}. Try again. If it fails again, check the action's namespace and API key.`,
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
  const picked = pickTokens(tokens)
  const given = [tokens.access_token, tokens.refresh_token].filter((token) => token !== undefined && token !== null)
  if (Object.keys(picked).length === given.length) return given.length > 0 ? picked : undefined
  throw new ConfigurationError(
    'INVALID_CONTEXT_DATA',
    'A token of a context must be { token, expiry }, with expiry in ms.',
  )
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

// stored values are not trusted: only own properties are used, and none can reach a prototype
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
