import { type AnyImsError, isImsError } from '../../../core/errors.ts'
import { loginAgain, page, redirectTo, retryAfter, statusOf } from './auth-handler-answers.ts'
import type { HandlerSetup } from './auth-handler-options.ts'

interface Failed {
  readonly error: unknown
  readonly returnTo: string
  /** Whether it was only asked whether IMS knows the person. */
  readonly silent: boolean
  readonly signedIn: () => Promise<boolean>
}

/** Answers the browser of a person whose login went no further. */
export async function failedLogin(setup: HandlerSetup, failed: Failed): Promise<Response> {
  const { error, returnTo, silent } = failed
  if (!isImsError(error)) throw error
  if (silent && error.code === 'LOGIN_REQUIRED') return redirectTo(returnTo)
  // a callback that was loaded again: the person is where they wanted to be
  if (error.code === 'STATE_MISMATCH' && (await failed.signedIn().catch(() => false))) return redirectTo(returnTo)
  setup.client.onEvent?.({ type: 'error', code: error.code, message: error.message, during: 'signing in' })
  const status = statusOf(error)
  if (setup.onFailure !== undefined) return setup.onFailure({ error, status, returnTo })
  const links = [
    { href: loginAgain(setup.basePath, returnTo), label: 'Try again' },
    { href: setup.afterLogin, label: 'Go to the start page' },
  ]
  return page(status, { ...wordsFor(error), links }, retryAfter(error))
}

function wordsFor(error: AnyImsError): { title: string; text: string } {
  const { code, name } = error
  if (code === 'ACCESS_DENIED') return { title: 'Sign-in cancelled', text: 'You did not sign in. Nothing was changed.' }
  if (code === 'STATE_MISMATCH') {
    const text =
      'It was begun in another browser or at another address, was completed already, or took too long. Nothing was changed.'
    return { title: 'This sign-in cannot be completed', text }
  }
  if (name === 'LoginRequiredError')
    return { title: 'Please sign in', text: 'The sign-in service wants to see you in person.' }
  if (name === 'UnavailableError')
    return {
      title: 'Sign-in is out of order',
      text: 'It does not answer at the moment. Please try again a little later.',
    }
  if (name === 'ConfigurationError') return { title: 'This site is not set up for sign-in', text: error.message }
  const text = `The sign-in service refused it (${code}). Should that happen again, tell those who run this site.`
  return { title: 'Sign-in failed', text }
}
