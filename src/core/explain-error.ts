import { type AnyImsError, type ImsErrorCode, isImsError } from './errors.ts'
import { checkOptions, type OptionNames } from './options.ts'

export interface ExplainErrorOptions {
  /**
   * Sentences to use instead of the English ones, such as translations: by error code, or by the name of the error
   * class for all codes without a sentence of their own. `Error` is for errors that are not imskit's.
   */
  readonly messages?: ErrorSentences | undefined
}

type ErrorSentences = Partial<Record<ImsErrorCode | AnyImsError['name'] | 'Error', string>>

const optionNames: OptionNames<ExplainErrorOptions> = { messages: 1 }

const sentences: ErrorSentences = {
  LOGIN_NOT_POSSIBLE: 'Sign-in is not possible here. Please sign in with a browser.',
  STATE_MISMATCH: 'This sign-in has expired or was started elsewhere. Please sign in again.',
  NETWORK_FAILED: 'The sign-in service cannot be reached. Please check your internet connection and try again.',
  TIMEOUT: 'This took too long. Please try again.',
  STORE_FAILED: 'Your sign-in could not be saved. Please try again.',
  LoginRequiredError: 'Please sign in again to continue.',
  TokenError: 'Your sign-in is no longer valid. Please sign in again.',
  ImsResponseError: 'Sign-in failed. Please try again. If it fails again, contact the support of this app.',
  UnavailableError: 'The sign-in service is not available at the moment. Please try again later.',
  ConfigurationError: 'Sign-in is not set up correctly. Please contact the support of this app.',
  Error: 'Something went wrong. Please try again.',
}

/**
 * A sentence that explains `error` to the user of an app; `error.message` is for its developers. Returns `undefined` if
 * the user canceled, either at IMS (`ACCESS_DENIED`) or by an `AbortSignal`: that needs no alarm.
 *
 * @example
 * try {
 *   await ims.login()
 * } catch (error) {
 *   const text = explainError(error, { messages: { LoginRequiredError: 'Bitte melden Sie sich an.' } })
 *   if (text !== undefined) showAlert(text)
 * }
 *
 * @throws {ConfigurationError} `BAD_OPTION` for an unknown option
 */
export function explainError(error: unknown, options: ExplainErrorOptions = {}): string | undefined {
  checkOptions('explainError', options, optionNames)
  const { messages = {} } = options
  if (!isImsError(error)) return isAbort(error) ? undefined : (messages.Error ?? sentences.Error)
  const { code, name } = error
  if (code === 'ACCESS_DENIED') return messages[code]
  return messages[code] ?? messages[name] ?? sentences[code] ?? sentences[name] ?? sentences.Error
}

function isAbort(error: unknown): boolean {
  return (error as { name?: unknown } | undefined | null)?.name === 'AbortError'
}
