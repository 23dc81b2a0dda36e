import { type AnyImsError, isImsError } from '../../../core/errors.ts'
import { operationId } from '../../../core/events.ts'
import { explainError } from '../../../core/explain-error.ts'
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
  const { code, message } = error
  setup.client.onEvent?.({ operation: operationId(), type: 'error', code, message, during: 'signing in' })
  const status = statusOf(error)
  if (setup.onFailure !== undefined) return setup.onFailure({ error, status, returnTo })
  const links = [
    { href: loginAgain(setup.basePath, returnTo), label: 'Try again' },
    { href: setup.afterLogin, label: 'Go to the start page' },
  ]
  return htmlPage(status, { ...wordsFor(error), links }, retryAfter(error))
}

const canceled = 'You did not sign in. Nothing was changed.'

function wordsFor(error: AnyImsError): { title: string; text: string } {
  const explanation = explainError(error)
  if (explanation === undefined) return { title: 'Sign-in canceled', text: canceled }
  return { title: error.name === 'LoginRequiredError' ? 'Please sign in' : 'Sign-in failed', text: explanation }
}
