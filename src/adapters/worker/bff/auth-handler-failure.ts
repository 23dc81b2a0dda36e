import { type AnyImsError, isImsError } from '../../../core/errors.ts'
import type { HandlerSetup } from './auth-handler-options.ts'
import { htmlPage, loginAgain, redirectTo, retryAfter, statusOf } from './responses.ts'

interface Failed {
  readonly error: unknown
  readonly returnTo: string
  /** Whether the login was silent (`prompt=none`). */
  readonly silent: boolean
  readonly isSignedIn: () => Promise<boolean>
}

/** The response for a user whose login failed. */
export async function failedLogin(setup: HandlerSetup, failed: Failed): Promise<Response> {
  const { error, returnTo, silent, isSignedIn } = failed
  if (!isImsError(error)) throw error
  if (silent && error.code === 'LOGIN_REQUIRED') return redirectTo(returnTo)
  // the callback was loaded a second time, and the first one signed the user in
  if (error.code === 'STATE_MISMATCH' && (await isSignedIn().catch(() => false))) return redirectTo(returnTo)
  setup.client.onEvent?.({ type: 'error', code: error.code, message: error.message, during: 'signing in' })
  const status = statusOf(error)
  if (setup.onFailure !== undefined) return setup.onFailure({ error, status, returnTo })
  const links = [
    { href: loginAgain(setup.basePath, returnTo), label: 'Try again' },
    { href: setup.afterLogin, label: 'Go to the start page' },
  ]
  return htmlPage(status, { ...wordsFor(error), links }, retryAfter(error))
}

function wordsFor(error: AnyImsError): { title: string; text: string } {
  const { code, name } = error
  if (code === 'ACCESS_DENIED') return { title: 'Sign-in cancelled', text: 'You did not sign in. Nothing was changed.' }
  if (code === 'STATE_MISMATCH') {
    const text =
      'It was started in another browser or at another address, is already complete, or took too long. Nothing was changed.'
    return { title: 'This sign-in cannot be completed', text }
  }
  if (name === 'LoginRequiredError') return { title: 'Please sign in', text: 'Please sign in again to continue.' }
  if (name === 'UnavailableError')
    return {
      title: 'Sign-in is out of order',
      text: 'The sign-in service does not answer at the moment. Please try again a little later.',
    }
  if (name === 'ConfigurationError') return { title: 'This site is not set up for sign-in', text: error.message }
  const text = `The sign-in service refused it (${code}). If this happens again, please inform the operator of this site.`
  return { title: 'Sign-in failed', text }
}
