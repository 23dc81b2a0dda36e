import { LoginRequiredError } from '../../../core/errors.ts'
import { requireText } from '../../../core/flows/credentials.ts'
import { checkOptions, type OptionNames } from '../../../core/options.ts'
import type { Redirect } from '../../../core/ports.ts'
import { requirePositive } from '../../../core/setup.ts'
import { awaitCallback, notBack, within } from './callback-channel.ts'

export interface PopupOptions {
  readonly redirectUri: string
  /** ms that the person may take. Default: 300,000. */
  readonly timeout?: number | undefined
}

const optionNames: OptionNames<PopupOptions> = { redirectUri: 1, timeout: 1 }

/**
 * Signs in in a window of its own. `begin` opens it at once, while the browser still counts the click; a window that is
 * blocked is `LOGIN_NOT_POSSIBLE`. Whether it is still open is never asked: under COOP the answer would be wrong.
 */
export function popupRedirect(options: PopupOptions): Redirect {
  checkOptions('popupRedirect', options, optionNames)
  const { redirectUri, timeout = 300_000 } = options
  requireText('popupRedirect', { redirectUri })
  requirePositive('timeout', timeout)
  return {
    async prepare({ signal } = {}) {
      signal?.throwIfAborted()
      const popup = globalThis.open('', '_blank', features())
      if (popup === null) {
        const message =
          'the browser blocked the sign-in window; call login() straight from a click, or use mode "redirect"'
        throw new LoginRequiredError('LOGIN_NOT_POSSIBLE', message)
      }
      return {
        redirectUri,
        navigate(authorizationUrl) {
          const waiting = awaitCallback(authorizationUrl.searchParams.get('state') ?? '', redirectUri)
          popup.location.replace(authorizationUrl)
          return within(waiting, { timeout, signal, late: () => notBack(timeout) })
        },
        close: () => popup.close(),
      }
    },
  }
}

function features(): string {
  const { screenX = 0, screenY = 0, outerWidth = 1024, outerHeight = 768 } = globalThis as unknown as Partial<Window>
  const [width, height] = [500, 700]
  const left = Math.max(0, Math.round(screenX + (outerWidth - width) / 2))
  const top = Math.max(0, Math.round(screenY + (outerHeight - height) / 2))
  return `popup,width=${width},height=${height},left=${left},top=${top}`
}
