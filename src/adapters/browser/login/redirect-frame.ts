import { LoginRequiredError } from '../../../core/errors.ts'
import { requireText } from '../../../core/flows/credentials.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Redirect } from '../../../core/ports.ts'
import { requirePositive } from '../../../core/setup.ts'
import { awaitCallback, within } from './callback-channel.ts'

export interface FrameOptions {
  readonly redirectUri: string
  /** ms to wait. Default: 10,000. */
  readonly timeout?: number | undefined
}

const optionNames: OptionNames<FrameOptions> = { redirectUri: 1, timeout: 1 }

/**
 * Asks IMS without a page, in a hidden frame (`prompt=none`). Best effort: a browser that blocks third-party cookies
 * makes IMS see nobody, so a failure never means that the person is signed out.
 */
export function frameRedirect(options: FrameOptions): Redirect {
  checkOptions('frameRedirect', options, optionNames)
  const { redirectUri, timeout = 10_000 } = options
  requireText('frameRedirect', { redirectUri })
  requirePositive('timeout', timeout)
  return {
    async prepare({ signal } = {}) {
      signal?.throwIfAborted()
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
          return within(waiting, { timeout, signal, late: () => noAnswer(timeout) })
        },
        close: () => frame.remove(),
      }
    },
  }
}

function noAnswer(timeout: number): LoginRequiredError {
  const why = `IMS did not answer in a hidden frame within ${timeout / 1000} s; it may refuse frames or the browser its cookies`
  return new LoginRequiredError('LOGIN_REQUIRED', `${why}. Call login() when the person wants to sign in`)
}
