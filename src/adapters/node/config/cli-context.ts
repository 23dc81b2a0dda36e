import type { ContextKind } from '../../../core/compat/context-kind.ts'
import { CLI } from '../../../core/compat/context-names.ts'
import type { ContextData, ContextStore } from '../../../core/compat/contexts.ts'
import { ConfigurationError, LoginRequiredError } from '../../../core/errors.ts'
import { invalidating } from '../../../core/flows/invalidating.ts'
import type { LoginFlow } from '../../../core/flows/login-flow.ts'
import { endpoints } from '../../../core/ims/environment.ts'
import { isObject } from '../../../core/json.ts'
import { clientLogin } from '../../../core/login/client-login.ts'
import type { Untyped } from '../../../core/low-level/untyped.ts'
import type { Json } from '../../../core/ports.ts'
import type { RelayLoginOptions } from '../login/login-relay.ts'
import { storedFile } from './adobe-file.ts'
import type { AioConfig } from './aio-config.ts'
import { untrustedProgram } from './trust.ts'

/** Options of a login through the relay, and the address of the relay if it is not Adobe's. */
export type RelayOptions = Pick<
  RelayLoginOptions,
  'baseUrl' | 'output' | 'open' | 'browser' | 'port' | 'bind' | 'timeout' | 'isInteractive' | 'processEnv'
>

/** `cli` contexts: they have the key `cli.bare-output`, and the user signs in through the hosted relay. */
export function cliKind(options: RelayOptions = {}): ContextKind {
  return {
    type: 'cli',
    required: { 'cli.bare-output': 'any' },
    secret: false,
    flow: (data) => cliFlow(data, options),
    hint: storedFile,
  }
}

function cliFlow(data: ContextData, options: RelayOptions): LoginFlow {
  const clientId = typeof data.client_id === 'string' ? data.client_id : 'aio-cli-console-auth'
  const noHalves = async () => {
    throw new LoginRequiredError(
      'LOGIN_NOT_POSSIBLE',
      'A cli context signs in through the relay in one step. Call login() instead.',
    )
  }
  return {
    kind: CLI,
    // the relay chooses the tokens of this context, whatever client is configured
    id: JSON.stringify([CLI]),
    clientId,
    scopes: [],
    invalidate: invalidating(clientId, () => undefined),
    login: clientLogin,
    start: noHalves,
    finish: noHalves,
    async signIn(call) {
      const { relayLogin } = await import('../login/login-relay.ts')
      const result = await relayLogin({
        ...options,
        ...loginOptions(data),
        env: call.endpoint === endpoints.stage ? 'stage' : 'prod',
        endpoint: call.endpoint,
        ...(typeof data.client_id === 'string' && { clientId }),
        ...(typeof data.scope === 'string' && { scope: data.scope }),
        forceLogin: data.forceLogin === true,
        signal: call.signal,
      })
      if (result.type === 'auth_code') {
        throw new LoginRequiredError(
          'LOGIN_NOT_POSSIBLE',
          'The relay returned an authorization code, which only a client with a secret can redeem. Use an oauth context.',
        )
      }
      const { accessToken, refreshToken } = result
      return {
        accessToken: accessToken.token,
        expiresAt: accessToken.expiry,
        obtainedAt: call.clock.now(),
        ...(refreshToken && { refreshToken: refreshToken.token, refreshExpiresAt: refreshToken.expiry }),
      }
    },
  }
}

/**
 * The options of a context for its login in a browser: `timeout` in seconds, `open`, `browser`.
 *
 * @throws {ConfigurationError} `UNTRUSTED_SOURCE` if the working directory names the browser
 */
export function loginOptions({ timeout, open, browser, interaction }: ContextData): {
  timeout?: number
  open?: boolean
  browser?: string
  isInteractive?: boolean
} {
  if (timeout !== undefined && !(Number(timeout) > 0)) {
    throw new ConfigurationError('BAD_OPTION', 'timeout of a context must be a number of seconds above 0.')
  }
  if (isObject(browser)) throw untrustedProgram({ file: String(browser.file), key: String(browser.key) })
  return {
    ...(timeout !== undefined && { timeout: Number(timeout) * 1000 }),
    ...(typeof open === 'boolean' && { open }),
    // the caller states that a user can answer, even without a terminal or in CI
    ...(interaction === 'login' && { isInteractive: true }),
    ...(typeof browser === 'string' && browser !== '' && { browser }),
  }
}

/** The shortcuts of `@adobe/aio-lib-ims` for the `cli` context. */
export interface CliApi {
  /** The data of the `cli` context. */
  getCli(): Promise<Untyped>
  /** Sets the `cli` context. Merges it with the data in the same file, unless `merge` is `false`. */
  setCli(data: object, local?: boolean, merge?: boolean): Promise<void>
}

export function cliApi(contexts: ContextStore, config: AioConfig | undefined): CliApi {
  return {
    async getCli() {
      const { data } = await contexts.read(CLI)
      return isObject(data) ? data : undefined
    },
    async setCli(data, local = false, merge = true) {
      if (!isObject(data))
        throw new ConfigurationError('INVALID_CONTEXT_DATA', 'The data of the cli context must be an object.')
      const { signal: _, ...added } = data
      if (!merge || config === undefined) return contexts.write(CLI, added as Json, local)
      // merges within one file: the data of the other file must not be copied
      await config.update(
        local ? 'local' : 'global',
        ['ims', 'contexts', CLI],
        (before) => ({ ...(isObject(before) ? before : {}), ...added }) as Json,
      )
    },
  }
}
