import { LoginRequiredError } from '../../../core/errors.ts'
import { requireText } from '../../../core/flows/credentials.ts'
import { absoluteUri, checkRedirectUri } from '../../../core/login/redirect-uri.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Redirect } from '../../../core/ports.ts'
import { requirePositive } from '../../../core/setup.ts'
import { awaitCallback, callbackWithin, popupTimeout } from './callback-channel.ts'

export interface PopupOptions {
  readonly redirectUri: string
  /** ms that the login may take. Default: 300,000. */
  readonly timeout?: number | undefined
}

const optionNames: OptionNames<PopupOptions> = { redirectUri: 1, timeout: 1 }

/**
 * A login in a popup. `prepare` opens the window at once, in the moment of the click; if the browser blocks it, it
 * rejects with `LOGIN_NOT_POSSIBLE`. A closed popup is not detected, because `closed` is not reliable under COOP.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * createClient({ flow, store, lock, redirect: popupRedirect({ redirectUri: `${location.origin}/relay.html` }) })
 */
export function popupRedirect(options: PopupOptions): Redirect {
  checkOptions('popupRedirect', options, optionNames)
  const { redirectUri: given, timeout = 300_000 } = options
  requireText('popupRedirect', { redirectUri: given })
  checkRedirectUri('popupRedirect: redirectUri', given)
  requirePositive('timeout', timeout)
  return {
    async prepare({ signal } = {}) {
      signal?.throwIfAborted()
      const redirectUri = absoluteUri(given, globalThis.location?.href)
      const popup = globalThis.open('', '_blank', features())
      if (popup === null) {
        const message =
          'The browser blocked the popup; call login() directly in a click handler, or use mode "redirect"'
        throw new LoginRequiredError('LOGIN_NOT_POSSIBLE', message)
      }
      return {
        redirectUri,
        navigate(authorizationUrl) {
          const waiting = awaitCallback(authorizationUrl.searchParams.get('state') ?? '', redirectUri)
          popup.location.replace(authorizationUrl)
          return callbackWithin(waiting, { timeout, signal, late: () => popupTimeout(timeout) })
        },
        close: () => popup.close(),
      }
    },
  }
}

/** Where the window of the app is; simulated browsers have no such values. */
type Bounds = Pick<Window, 'screenX' | 'screenY' | 'outerWidth' | 'outerHeight'>

function features(): string {
  const { screenX = 0, screenY = 0, outerWidth = 1024, outerHeight = 768 }: Partial<Bounds> = globalThis
  const [width, height] = [500, 700]
  const left = Math.max(0, Math.round(screenX + (outerWidth - width) / 2))
  const top = Math.max(0, Math.round(screenY + (outerHeight - height) / 2))
  return `popup,width=${width},height=${height},left=${left},top=${top}`
}
