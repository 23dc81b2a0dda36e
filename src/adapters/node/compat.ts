import type { CompatIms, ContextApi, CreateImsOptions } from '../../core/compat/compat-api.ts'
import { redirectUriOf } from '../../core/compat/context-kind.ts'
import type { ContextData } from '../../core/compat/contexts.ts'
import { createIms } from '../../core/compat/create-ims.ts'
import { isImsError } from '../../core/errors.ts'
import type { Emit } from '../../core/events.ts'
import { isLoopback } from '../../core/ims/environment.ts'
import { checkOptions } from '../../core/options.ts'
import type { Redirect } from '../../core/ports.ts'
import { type AioConfig, aioConfig } from './config/aio-config.ts'
import { type CliApi, cliApi, cliKind, loginOptions, type RelayOptions } from './config/cli-context.ts'
import { aioContexts } from './config/contexts-aio.ts'
import { loopbackRedirect, pasteRedirect, stateTokens } from './lazy.ts'
import type { TerminalLoginOptions } from './login/login-options.ts'
import { type NodePlatformOptions, nodePlatform } from './platform.ts'
import { actionContexts } from './runtime/contexts-action.ts'
import { actionLock } from './runtime/lock-action.ts'

export interface NodeImsOptions extends Partial<Omit<CreateImsOptions, 'redirect' | 'contexts'>>, NodePlatformOptions {
  /** Another relay for `cli` contexts. */
  readonly relay?: RelayOptions
}

/** The familiar surface of Node, with the old library's shortcuts to the `cli` context. */
export type NodeIms = CompatIms & { readonly context: ContextApi & CliApi }

/**
 * Named contexts in the `.aio` files and the environment, or in an I/O Runtime action in memory with their tokens in
 * the State service.
 */
export function createNodeIms(options: NodeImsOptions = {}): NodeIms {
  checkOptions('createNodeIms', options)
  const { directory, login, config = aioConfig(), relay, ...rest } = options
  const inAction = process.env.__OW_ACTION_NAME !== undefined
  const degraded = saidOnce()
  const state = inAction ? stateTokens(degraded.say) : undefined
  const contexts = state ? actionContexts(() => state) : aioContexts(config)
  const ims = createIms({
    ...nodePlatform({ ...(directory !== undefined && { directory }), config }),
    ...(state && { store: state.store, lock: actionLock(), report: degraded.hear }),
    ...(!inAction && { interactive: hasTerminal }),
    kinds: [cliKind({ ...forRelay(login), ...relay })],
    ...rest,
    contexts,
    redirect: (data) => redirectFor(data, login),
  })
  const cli = cliApi(contexts, inAction ? undefined : config)
  return { ...ims, context: { ...ims.context, ...cli } }
}

/** What a login through the relay calls `env` is the environment of IMS. */
function forRelay({ env: processEnv, ...login }: TerminalLoginOptions = {}): RelayOptions {
  return { ...login, processEnv }
}

/** Emits that tokens stay in memory once, by the first client that there is. */
function saidOnce(): { say: (reason: string) => void; hear: (emit: Emit) => void } {
  let hearing: Emit | undefined
  let waiting: string | undefined
  return {
    say(reason) {
      if (hearing) hearing({ type: 'store-degraded', reason })
      else waiting = reason
    },
    hear(emit) {
      if (hearing === undefined && waiting !== undefined) emit({ type: 'store-degraded', reason: waiting })
      hearing ??= emit
    },
  }
}

/** Someone may be there who can open a browser. */
function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY)
}

/** Refuses what the context says about its login when the login begins: a token that is there needs no login. */
function redirectFor(data: ContextData, login: TerminalLoginOptions = {}): Redirect {
  try {
    return redirectOf(data, login)
  } catch (error) {
    if (!isImsError(error) || error.code !== 'UNTRUSTED_SOURCE') throw error
    return { prepare: () => Promise.reject(error) }
  }
}

/** Listens where the credential comes back to, if that is this machine; else the user brings the address. */
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
