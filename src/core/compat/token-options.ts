import { LoginRequiredError } from '../errors.ts'
import type { GetTokenOptions } from '../session/session.ts'
import type { CompatGetTokenOptions } from './compat-api.ts'
import type { ContextData } from './contexts.ts'

/** The error for a login that the caller did not request, when no user seems to be present. */
export function noUserPresent(label: string, cause: unknown): LoginRequiredError {
  return new LoginRequiredError(
    'LOGIN_NOT_POSSIBLE',
    `IMS context '${label}' needs a user to sign in, and there is no terminal. If a user is present, pass ` +
      "`interaction: 'login'` or `open`; otherwise sign in with a terminal first, or use a server-to-server credential.",
    { cause },
  )
}

/** Whether the options of a call request a login if one is needed, also without a terminal and in CI. */
export function isLoginWanted({ interaction, open, forceLogin }: CompatGetTokenOptions): boolean {
  if (interaction !== undefined) return interaction === 'login'
  return open !== undefined || forceLogin === true
}

const ownOptions = new Set(['signal', 'minValidity', 'force', 'interaction', 'prompt', 'login_hint', 'locale'])

/** Splits the options of a call: those of the session, and those that are merged over the context. */
export function splitOptions(options: CompatGetTokenOptions): { own: GetTokenOptions; overrides: ContextData } {
  if (typeof options !== 'object' || options === null) return { own: {}, overrides: {} }
  const { signal, minValidity, force } = options
  const overrides = Object.entries(options).filter(([key, value]) => !ownOptions.has(key) && value !== undefined)
  return {
    own: {
      ...(signal && { signal }),
      ...(minValidity !== undefined && { minValidity }),
      ...(force !== undefined && { force }),
    },
    overrides: Object.fromEntries(overrides) as ContextData,
  }
}
