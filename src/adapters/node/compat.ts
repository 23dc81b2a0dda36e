import type { CompatIms, ContextApi, CreateImsOptions } from '../../core/compat/compat-api.ts'
import { redirectUriOf } from '../../core/compat/context-kind.ts'
import type { ContextData } from '../../core/compat/contexts.ts'
import { createIms } from '../../core/compat/create-ims.ts'
import { isImsError } from '../../core/errors.ts'
import type { Report } from '../../core/events.ts'
import { isLoopback } from '../../core/ims/environment.ts'
import { badOption, checkOptions } from '../../core/options.ts'
import type { Redirect } from '../../core/ports.ts'
import { type AioConfig, aioConfig } from './config/aio-config.ts'
import { type CliApi, cliApi, cliKind, loginOptions, type RelayOptions } from './config/cli-context.ts'
import { aioContexts } from './config/contexts-aio.ts'
import { loopbackRedirect, pasteRedirect, stateTokens } from './lazy.ts'
import type { TerminalLoginOptions } from './login/login-options.ts'
import { type NodePlatformOptions, nodePlatform } from './platform.ts'
import { actionContexts } from './runtime/contexts-action.ts'
import { actionLock } from './runtime/lock-action.ts'

export interface NodeImsOptions
  extends Partial<Omit<CreateImsOptions, 'redirect' | 'contexts'>>,
    Omit<NodePlatformOptions, 'keychain'> {
  /** Options of the relay for `cli` contexts. */
  readonly relay?: RelayOptions
}

/** The aio-lib-ims API for Node.js, with the shortcuts of `@adobe/aio-lib-ims` for the `cli` context. */
export type NodeIms = CompatIms & { readonly context: ContextApi & CliApi }

/**
 * The aio-lib-ims API with its own options. Contexts are in the `.aio` files and the environment; in an I/O Runtime
 * action they are in memory and their tokens in the State service.
 *
 * @example
 * const ims = createNodeIms({ directory: '/var/lib/my-app' })
 * const token = await ims.getToken('my-app')
 */
export function createNodeIms(options: NodeImsOptions = {}): NodeIms {
  checkOptions('createNodeIms', options)
  if ('keychain' in options)
    throw badOption('createNodeIms stores tokens in .aio files; for the keychain use createClient with nodePlatform')
  const { directory, login, config = aioConfig(), relay, ...rest } = options
  const inAction = process.env.__OW_ACTION_NAME !== undefined
  const degraded = degradedEvent()
  const state = inAction ? stateTokens(degraded.report) : undefined
  const contexts = state ? actionContexts(() => state) : aioContexts(config)
  const ims = createIms({
    ...nodePlatform({ ...(directory !== undefined && { directory }), config }),
    ...(state && { store: state.store, lock: actionLock(), report: degraded.listen }),
    ...(!inAction && { interactive: hasTerminal }),
    kinds: [cliKind({ ...relayOptions(login), ...relay })],
    ...rest,
    contexts,
    redirect: (data) => redirectFor(data, login),
  })
  const cli = cliApi(contexts, inAction ? undefined : config)
  return { ...ims, context: { ...ims.context, ...cli } }
}

/** Converts the options: `env` of the relay is an IMS environment, and `processEnv` has the variables. */
function relayOptions({ env: processEnv, ...login }: TerminalLoginOptions = {}): RelayOptions {
  return { ...login, processEnv }
}

/** Emits `store-degraded` through the first client, which may be created after the report. */
function degradedEvent(): { report: (reason: string) => void; listen: (emit: Report) => void } {
  let listener: Report | undefined
  let pending: string | undefined
  return {
    report(reason) {
      if (listener) listener({ type: 'store-degraded', reason })
      else pending = reason
    },
    listen(emit) {
      if (listener === undefined && pending !== undefined) emit({ type: 'store-degraded', reason: pending })
      listener ??= emit
    },
  }
}

/** Whether a user may be able to open a browser. */
function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY)
}

/** Rejects refused login options only when a login starts: a context with a valid token does not need a login. */
function redirectFor(data: ContextData, login: TerminalLoginOptions = {}): Redirect {
  try {
    return redirectOf(data, login)
  } catch (error) {
    if (!isImsError(error) || error.code !== 'UNTRUSTED_SOURCE') throw error
    return { prepare: () => Promise.reject(error) }
  }
}

/** Listens on the redirect URI if it is on this machine; otherwise the user pastes the callback's address. */
function redirectOf(data: ContextData, login: TerminalLoginOptions): Redirect {
  const options = { ...login, ...loginOptions(data) }
  const redirectUri = redirectUriOf(data)
  if (redirectUri === undefined || !URL.canParse(redirectUri)) return loopbackRedirect(options)
  const url = new URL(redirectUri)
  if (url.protocol !== 'http:' || !isLoopback(url.hostname)) return pasteRedirect({ ...options, redirectUri })
  const host = url.hostname === '[::1]' ? '::1' : url.hostname === 'localhost' ? 'localhost' : '127.0.0.1'
  return loopbackRedirect({ ...options, host, path: url.pathname, ...(url.port !== '' && { port: Number(url.port) }) })
}

export type { AioConfig }
