import { LoginRequiredError } from '../errors.ts'
import type { GetTokenOptions } from '../session/session.ts'
import type { CompatGetTokenOptions } from './compat-api.ts'
import type { ContextData } from './contexts.ts'

/** The error for a login that the caller did not ask for, if no user seems to be there. */
export function notAlone(label: string, cause: unknown): LoginRequiredError {
  return new LoginRequiredError(
    'LOGIN_NOT_POSSIBLE',
    `IMS context '${label}' needs a user to sign in, and there is no terminal. If a user is there, pass ` +
      "`interaction: 'login'` or `open`; otherwise sign in with a terminal first, or use a server-to-server credential.",
    { cause },
  )
}

/** Whether the options of a call say that a user is there, also without a terminal and in CI. */
export function isLoginWanted({ interaction, open, forceLogin }: CompatGetTokenOptions): boolean {
  if (interaction !== undefined) return interaction === 'login'
  return open !== undefined || forceLogin === true
}

const ownOptions = new Set(['signal', 'minValidity', 'force', 'interaction', 'prompt', 'login_hint', 'locale'])

/** What of the options of a call is for the session, and what lies over the context. */
export function splitOptions(asked: CompatGetTokenOptions): { own: GetTokenOptions; overrides: ContextData } {
  if (typeof asked !== 'object' || asked === null) return { own: {}, overrides: {} }
  const { signal, minValidity, force } = asked
  const overrides = Object.entries(asked).filter(([key, value]) => !ownOptions.has(key) && value !== undefined)
  return {
    own: {
      ...(signal && { signal }),
      ...(minValidity !== undefined && { minValidity }),
      ...(force !== undefined && { force }),
    },
    overrides: Object.fromEntries(overrides) as ContextData,
  }
}
