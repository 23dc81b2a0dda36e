import { assembleClient, type LoginClient } from '../client.ts'
import { ConfigurationError, isImsError, TokenError } from '../errors.ts'
import { createEmitter } from '../events.ts'
import { secretInPage } from '../flows/credentials.ts'
import { resolveEndpoint } from '../ims/environment.ts'
import { copyData, isObject } from '../json.ts'
import { memoryStore } from '../memory.ts'
import { withPlatform } from '../platform.ts'
import type { Json } from '../ports.ts'
import { hideSecrets } from '../redact.ts'
import type { GetTokenOptions } from '../session/session.ts'
import { noteFailure } from '../session/with-lock.ts'
import { connect } from '../setup.ts'
import type { CompatGetTokenOptions, CompatIms, CreateImsOptions, NamedContext } from './compat-api.ts'
import { type ContextKind, kindOf } from './context-kind.ts'
import { type ContextData, type ContextUse, storedContexts, type TokenLabel, type TokenPatch } from './contexts.ts'
import { endToken } from './end-token.ts'
import { type Known, remember, used } from './known-clients.ts'
import { isLoginWanted, notAlone, splitOptions } from './token-options.ts'
import { readStored, tokensInContext } from './tokens-in-context.ts'

/** The familiar surface over a platform, for contexts of `kinds`: a translation into flows and clients, nothing more. */
export function namedContexts(given: CreateImsOptions, kinds: readonly ContextKind[]): CompatIms {
  const options = withPlatform(given)
  const { contexts = storedContexts(options.store), interactive } = options
  const known = new Map<string, Known>()
  let current: string | undefined

  async function resolve(
    name: string | undefined | null,
  ): Promise<{ name: string; data: ContextData; local: boolean }> {
    const label = labelOf(name) || (await contexts.current())
    if (!name) current = label
    if (!label)
      throw new ConfigurationError(
        'CONTEXT_NOT_CONFIGURED',
        'no context was named and none is current; name one, or call context.setCurrent',
      )
    const { data, local } = await contexts.read(label)
    if (!isObject(data))
      throw new ConfigurationError(
        'CONTEXT_NOT_CONFIGURED',
        `IMS context '${label}' is not configured; set it with context.set`,
      )
    return { name: label, data, local }
  }

  async function connectionOf(data: ContextData) {
    const defaults = (await options.defaults?.()) ?? {}
    const env = data.env ?? options.env ?? defaults.env
    const named = data.endpoint ?? options.endpoint
    const endpoint = named ?? defaults.endpoint
    const connection = {
      ...(env !== undefined && { env: String(env) }),
      ...(endpoint !== undefined && { endpoint: endpoint as string }),
    }
    return { connection, untrusted: named === undefined || named === null ? defaults.untrusted : undefined }
  }

  async function admit(name: string, use: ContextUse): Promise<ContextData> {
    if (contexts.admit) return contexts.admit(name, use)
    if (use.untrusted) throw use.untrusted
    return use.data
  }

  async function clientOf(name: string, stored: ContextData, overrides: ContextData): Promise<Known> {
    const asked = { ...stored, ...overrides }
    if (options.allowsSecrets === false) refuseSecrets(name, asked)
    const { connection, untrusted } = await connectionOf(asked)
    const kind = () => kindOf(name, asked, kinds)
    const { endpoint } = connection
    const data = await admit(name, { data: asked, overrides, endpoint, untrusted, kind: attempt(kind)?.type })
    // a call with options of its own must not answer for the plain context
    const key = Object.keys(overrides).length === 0 ? name : `${name} ${JSON.stringify(overrides)}`
    const { access_token: _, refresh_token: __, ...credential } = data
    const signature = JSON.stringify([credential, connection])
    const before = known.get(key)
    if (before?.name === name && before.signature === signature) return used(before)
    const flow = kind().flow(data)
    // tokens that the plain context could not use must not take the place of its own
    const own =
      key === name || [flow.id, undefined].includes(attempt(() => kindOf(name, stored, kinds).flow(stored).id))
    const redirect = typeof options.redirect === 'function' ? options.redirect(data) : options.redirect
    const { contexts: _c, redirect: _r, interactive: _i, kinds: _k, defaults: _d, ...platform } = options
    const owner = {
      endpoint: resolveEndpoint(connection),
      clientId: typeof data.client_id === 'string' ? data.client_id : undefined,
      // a token names scopes; what a JWT asks for are metascopes
      scopes: flow.kind === 'jwt' ? [] : flow.scopes,
    }
    const { client, session } = assembleClient({
      pending: memoryStore(),
      ...platform,
      ...connection,
      ...(redirect && { redirect }),
      flow,
      store: own ? tokensInContext({ contexts, name, owner, notes: options.store }) : options.store,
    })
    return remember(known, key, { name, signature, client, session, used: false })
  }

  async function slowToken(name: string | undefined, asked: CompatGetTokenOptions): Promise<string> {
    const { own, overrides } = splitOptions(asked)
    const { name: label, data } = await resolve(name)
    const found = await clientOf(label, data, overrides).catch((error) => tokenWithoutKind(error, data, own))
    if (typeof found === 'string') return found
    const { client, session } = found
    try {
      return (await session.current(own)).accessToken
    } catch (error) {
      const userNeeded = isImsError(error) && error.code === 'LOGIN_REQUIRED' && 'login' in client
      const wanted = isLoginWanted(asked)
      if (!userNeeded || (asked.interaction !== undefined && !wanted)) throw error
      if (!wanted && !interactive?.()) throw interactive ? notAlone(label, error) : error
      const { prompt, login_hint: loginHint, locale, signal } = asked
      // a platform that looks whether a user is there learns from the data that the caller knows of one
      const told = wanted && interactive ? { ...overrides, interaction: 'login' } : overrides
      const asking = told === overrides ? client : (await clientOf(label, data, told)).client
      const token = await (asking as LoginClient).login({ signal, prompt, loginHint, locale, context: label })
      if (asking !== client) for (const { name, session } of known.values()) if (name === label) session.refreshMemory()
      return token
    }
  }

  /** A context that cannot renew its token still has it: someone put it there to be used. */
  async function tokenWithoutKind(error: unknown, data: ContextData, asked: GetTokenOptions): Promise<string> {
    if (!isImsError(error) || error.code !== 'CANNOT_GENERATE_TOKEN' || asked.force) throw error
    const owner = {
      endpoint: resolveEndpoint((await connectionOf(data)).connection),
      clientId: typeof data.client_id === 'string' ? data.client_id : undefined,
      scopes: [],
    }
    // what says what it was issued for was obtained for a credential, and that is no longer here
    const stored = readStored(data.access_token, '', owner)
    const needed = asked.minValidity ?? options.minValidity ?? 600_000
    if (stored === undefined || stored.expiry <= (options.clock ?? Date).now() + needed) throw error
    return stored.token
  }

  async function drop(label: string, removed: TokenPatch): Promise<void> {
    if (Object.keys(removed).length === 0) return
    await contexts.writeTokens(label, removed)
    for (const { name, session } of known.values()) if (name === label) session.refreshMemory()
  }

  return {
    async getToken(name, asked) {
      if (asked === undefined) {
        const label = name ?? current ?? ''
        const entry = known.get(label)
        const warm = entry?.name === label ? entry.session.warm() : undefined
        if (entry !== undefined && warm !== undefined) {
          entry.used = true
          return warm.accessToken
        }
      }
      return slowToken(name, asked ?? {})
    },

    async invalidateToken(name, force = false) {
      const { name: label, data: found } = await resolve(name)
      const { connection, untrusted } = await connectionOf(found)
      const { endpoint } = connection
      const data = await admit(label, { data: found, overrides: {}, endpoint, untrusted })
      const now = (options.clock ?? Date).now()
      const alive = (['refresh_token', 'access_token'] as const).filter(
        (kind) => (readStored(data[kind], undefined)?.expiry ?? 0) > now,
      )
      const ended: readonly TokenLabel[] = force ? alive : alive.filter((kind) => kind === 'access_token')
      if (ended.length === 0) {
        throw new TokenError(
          'INVALID_TOKEN',
          `IMS context '${label}' has no ${force ? '' : 'access '}token to invalidate: missing or expired`,
        )
      }
      const { fetch, clock, timeout, retry } = options
      const { emit } = createEmitter(options.onEvent, options.observe)
      const call = connect({ ...connection, fetch, clock, timeout, retry }, emit)
      // a token that IMS did not end is of no use here either: the caller wants to be rid of it
      const labels: readonly TokenLabel[] = force ? ['access_token', 'refresh_token'] : ended
      const failures: unknown[] = []
      for (const kind of ended) await endToken(call, kind, data).catch((error) => failures.push(error))
      await drop(label, Object.fromEntries(labels.map((kind) => [kind, undefined])))
      const [failure] = failures
      for (const each of failures) noteFailure({ connection: call }, each, 'invalidating')
      if (failure !== undefined) throw failure
      return named(label, await contexts.read(label))
    },

    async client(name) {
      const label = name ?? current ?? ''
      const entry = known.get(label)
      // a client that is there is handed out at once: a window opens only while the browser still counts the click
      if (entry?.name === label) return used(entry).client
      const { name: found, data } = await resolve(name)
      return (await clientOf(found, data, {})).client
    },

    context: {
      async set(name, data, local = false) {
        const label = labelOf(name) || (await contexts.current())
        if (!label)
          throw new ConfigurationError(
            'MISSING_CONTEXT_LABEL',
            'missing IMS context label: name the context, or call context.setCurrent first',
          )
        if (options.allowsSecrets === false) refuseSecrets(label, data)
        await contexts.write(label, checkData(label, data), Boolean(local))
        for (const [key, { name: cached }] of known)
          if (label === cached || label.startsWith(`${cached}.`)) known.delete(key)
      },
      async get(name) {
        const label = labelOf(name) || (await contexts.current())
        if (!label) return { name: undefined, data: undefined, local: false }
        return named(label, await contexts.read(label))
      },
      async setCurrent(name) {
        if (typeof name !== 'string' || name === '') {
          throw new ConfigurationError('MISSING_CONTEXT_LABEL', 'context.setCurrent needs the name of a context')
        }
        await contexts.setCurrent(name)
        current = name
      },
      getCurrent: () => contexts.current(),
      keys: () => contexts.names(),
      getCli: onlyInNode,
      setCli: onlyInNode,
    },
  }
}

async function onlyInNode(): Promise<never> {
  throw new ConfigurationError('BAD_OPTION', 'the cli context is for command lines; use imskit/node')
}

/** The result of `task`, if it does not throw. */
function attempt<T>(task: () => T): T | undefined {
  try {
    return task()
  } catch {
    return undefined
  }
}

/** What is found under `name`; secrets are there, and do not show when it is printed. */
function named(name: string, { data, local }: { data: Json | undefined; local: boolean }): NamedContext {
  const shown = typeof data === 'object' && data !== null ? hideSecrets(copyData(data)) : data
  return { name, data: shown, local }
}

/** @throws {ConfigurationError} `BAD_OPTION` for a name that is not text */
function labelOf(name: unknown): string | undefined {
  if (typeof name === 'string') return name
  if (name === undefined || name === null) return undefined
  throw new ConfigurationError('BAD_OPTION', 'the name of an IMS context must be a string')
}

const secretKeys = ['client_secret', 'client_secrets', 'private_key', 'passphrase'] as const

/** What everyone can read is told before it is stored or used. */
function refuseSecrets(label: string, data: unknown): void {
  const found = isObject(data) && secretKeys.find((key) => data[key])
  if (found) throw secretInPage(`${found} of IMS context '${label}'`)
}

/** A copy, so that the caller's later changes stay the caller's. A dotted name may address one value inside a context. */
function checkData(label: string, data: unknown): Json | undefined {
  if (data === undefined || data === null) return undefined
  if (!isObject(data)) {
    throw new ConfigurationError('INVALID_CONTEXT_DATA', `the data of IMS context '${label}' must be an object`)
  }
  try {
    return copyData(data) as Json
  } catch {
    const what = `the data of IMS context '${label}' must be plain data, without functions or symbols`
    throw new ConfigurationError('INVALID_CONTEXT_DATA', what)
  }
}
