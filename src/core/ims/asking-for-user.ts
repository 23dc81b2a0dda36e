import { ImsResponseError, LoginRequiredError } from '../errors.ts'

/** What IMS answers if the user has to do something on its pages first: sign in, consent, accept terms, verify an e-mail. */
const needsUser = /^(?:(?:login|consent|interaction|account_selection)_required$|ride_)/

/** `error` as `LOGIN_REQUIRED` if it is an answer of IMS, by redirect or not, that asks for the user; otherwise as it is. */
export function askingForUser(error: unknown): unknown {
  if (!(error instanceof ImsResponseError) || !needsUser.test(error.imsError ?? '')) return error
  const { imsError, imsErrorDescription, details } = error
  const remedy = details?.jump === undefined ? 'call login()' : 'open the address in details.jump for the user'
  return new LoginRequiredError('LOGIN_REQUIRED', `IMS needs the user (${imsError}); ${remedy}`, {
    cause: error,
    details: { imsError, imsErrorDescription, ...details },
  })
}
