import type { LoginClientParts } from '../flows/login-flow.ts'
import { lazy } from '../lazy.ts'
import { checkCall } from '../options.ts'
import { invalidateTokens } from '../session/invalidate.ts'
import { inOperation } from '../session/operation.ts'
import { tokenSet } from '../token-set.ts'
import { abandon, checkStart, depart } from './departure.ts'
import { withInteraction } from './interaction.ts'
import { createLanding } from './landing.ts'
import type { LoginMethods } from './login-methods.ts'
import type { LoginOptions } from './login-options.ts'
import type { LoginState } from './login-state.ts'
import { logoutUrl } from './logout-url.ts'
import { storedLogin } from './pending.ts'
import { checkLogoutUri } from './redirect-uri.ts'
import { createSessionView } from './session-view.ts'
import { signingIn } from './signing-in.ts'

const loadLogin = /* @__PURE__ */ lazy(() => import('./login.ts'))

/** The methods of a client whose flow needs a user: the `login` of such a flow. */
export function clientLogin(parts: LoginClientParts): LoginMethods {
  const { flow, setup, session, closing } = parts
  const { platform } = setup
  const state: LoginState = { ...parts, pending: platform.pending ?? platform.store, finished: new Map() }
  const landing = createLanding({
    arrival: platform.arrival,
    isOurs: async (url) => (await storedLogin(state.pending, url)) !== undefined,
    finish: async (arrival, url) => ({ result: (await loadLogin()).redirectResult(state, arrival, url) }),
  })
  session.forgetting.push(() => {
    state.finished.clear()
    landing.forget()
  })
  const askUser: LoginMethods['login'] = async (options) => login(state, untilClosed(closing, options))
  return {
    ...withInteraction(parts.silent, askUser),
    session: createSessionView(parts),
    login: askUser,
    async startLogin(options) {
      const asked = untilClosed(closing, options)
      checkStart(platform, asked)
      return (await loadLogin()).startLogin(state, asked)
    },
    async finishLogin(callback, options) {
      const { finishLogin } = await loadLogin()
      const asked = untilClosed(closing, options)
      const { tokens, ...rest } = await signingIn(state, (own) => finishLogin(own, callback, asked.signal))
      return Object.assign(tokenSet(tokens, flow), rest)
    },
    async handleRedirect() {
      const result = await landing.read()
      return result?.status === 'signedIn' ? { ...result, tokens: tokenSet(result.tokens, flow) } : result
    },
    logout: (options) => logout(state, options),
  }
}

async function login(state: LoginState, options: LoginOptions): Promise<string> {
  const departure = depart(state.setup.platform, state.flow, options)
  const { runLogin } = await loadLogin().catch(async (error) => {
    await abandon(departure)
    throw error
  })
  return (await signingIn(state, (own) => runLogin(own, departure, options))).tokens.accessToken
}

async function logout({ session, flow }: LoginState, options: Parameters<LoginMethods['logout']>[0]) {
  checkCall('logout', options)
  const { postLogoutRedirectUri, signal } = options ?? {}
  checkLogoutUri(postLogoutRedirectUri)
  return inOperation(session, 'signing out', async (own) => {
    // the user is signed out here, even if IMS could not be reached
    const { here } = await invalidateTokens(own, signal)
    if (here) throw here.error
    own.setup.connection.emit({ type: 'logout', clientId: flow.clientId })
    return logoutUrl(own.setup, postLogoutRedirectUri)
  })
}

/** The options of a call that ends when the client is closed. */
function untilClosed<Options extends { signal?: AbortSignal | undefined }>(closing: AbortSignal, options?: Options) {
  checkCall('a login', options)
  return { ...options, signal: options?.signal ? AbortSignal.any([options.signal, closing]) : closing }
}
