import { LoginRequiredError } from '../../../core/errors.ts'
import { requireText } from '../../../core/flows/credentials.ts'
import { absoluteUri, checkRedirectUri } from '../../../core/login/redirect-uri.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Redirect } from '../../../core/ports.ts'
import { requirePositive } from '../../../core/setup.ts'
import { awaitCallback, callbackWithin } from './callback-channel.ts'

export interface FrameOptions {
  readonly redirectUri: string
  /** ms to wait. Default: 10,000. */
  readonly timeout?: number | undefined
}

const optionNames: OptionNames<FrameOptions> = { redirectUri: 1, timeout: 1 }

/**
 * A silent login in a hidden frame (`prompt=none`). If the browser blocks third-party cookies, it fails although the user
 * has an IMS session, so a failure does not mean that the user is signed out.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * createClient({ flow, store, lock, redirect: frameRedirect({ redirectUri: `${location.origin}/relay.html` }) })
 */
export function frameRedirect(options: FrameOptions): Redirect {
  checkOptions('frameRedirect', options, optionNames)
  const { redirectUri: given, timeout = 10_000 } = options
  requireText('frameRedirect', { redirectUri: given })
  checkRedirectUri('frameRedirect: redirectUri', given)
  requirePositive('timeout', timeout)
  return {
    async prepare({ signal } = {}) {
      signal?.throwIfAborted()
      const redirectUri = absoluteUri(given, globalThis.location?.href)
      const frame = globalThis.document.createElement('iframe')
      frame.hidden = true
      frame.title = 'sign-in'
      frame.setAttribute('aria-hidden', 'true')
      return {
        redirectUri,
        navigate(authorizationUrl) {
          const waiting = awaitCallback(authorizationUrl.searchParams.get('state') ?? '', redirectUri)
          frame.src = authorizationUrl.href
          globalThis.document.documentElement.append(frame)
          return callbackWithin(waiting, { timeout, signal, late: () => noAnswer(timeout) })
        },
        close: () => frame.remove(),
      }
    },
  }
}

function noAnswer(timeout: number): LoginRequiredError {
  const message = `IMS did not answer in a hidden frame within ${timeout / 1000} s, as it refuses frames or the browser blocks its cookies; call login() when the user wants to sign in`
  return new LoginRequiredError('LOGIN_REQUIRED', message)
}
