import { ImsResponseError, LoginRequiredError } from '../errors.ts'

/** The errors of IMS if the user has to act on its pages first: sign in, consent, accept terms, verify an e-mail. */
const needsUser = /^(?:(?:login|consent|interaction|account_selection)_required$|ride_)/

/** `LOGIN_REQUIRED` if `error` is an answer of IMS that needs the user, by redirect or not; otherwise `error` itself. */
export function askingForUser(error: unknown): unknown {
  if (!(error instanceof ImsResponseError) || !needsUser.test(error.imsError ?? '')) return error
  const { imsError, imsErrorDescription, details } = error
  const remedy = details?.jump === undefined ? 'call login()' : 'open the address in details.jump for the user'
  return new LoginRequiredError('LOGIN_REQUIRED', `IMS needs the user (${imsError}); ${remedy}`, {
    cause: error,
    details: { imsError, imsErrorDescription, ...details },
  })
}
