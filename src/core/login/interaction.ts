import { isImsError } from '../errors.ts'
import { badOption } from '../options.ts'
import { type SharedFlight, sharedFlight } from '../session/single-flight.ts'
import type { TokenSet } from '../token-set.ts'
import type { LoginMethods, TokenMethods } from './login-methods.ts'
import type { LoginGetTokenOptions, LoginOptions } from './login-options.ts'

/** `silent`, with `interaction: 'login'`: calls that need the user at the same time share one login. */
export function withInteraction(silent: TokenMethods, login: LoginMethods['login']): TokenMethods {
  let pending: SharedFlight<string> | undefined
  const askUser = (options: LoginOptions) => {
    pending ??= sharedFlight(
      (signal) => login({ ...options, signal }),
      () => {
        pending = undefined
      },
    )
    return pending.join(options.signal)
  }
  async function token(options: LoginGetTokenOptions): Promise<string> {
    if (!wantsLogin(options)) return silent.getToken(options)
    return silent.getToken(options).catch((error) => askUser(ifRequired(error, options)))
  }

  async function tokens(options: LoginGetTokenOptions): Promise<TokenSet> {
    if (!wantsLogin(options)) return silent.getTokens(options)
    return silent.getTokens(options).catch(async (error) => {
      await askUser(ifRequired(error, options))
      return silent.getTokens({ signal: options.signal })
    })
  }

  return {
    getToken: (options) => (options?.interaction === undefined ? silent.getToken(options) : token(options)),
    getTokens: (options) => (options?.interaction === undefined ? silent.getTokens(options) : tokens(options)),
  }
}

/** @throws `error` unless it says that the user has to sign in */
function ifRequired(error: unknown, options: LoginOptions): LoginOptions {
  if (isImsError(error) && error.code === 'LOGIN_REQUIRED') return options
  throw error
}

function wantsLogin({ interaction }: LoginGetTokenOptions): boolean {
  if (interaction === 'none' || interaction === 'login') return interaction === 'login'
  throw badOption("interaction must be 'none' or 'login'")
}
