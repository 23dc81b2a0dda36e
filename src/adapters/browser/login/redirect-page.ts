import { LoginRequiredError } from '../../../core/errors.ts'
import { requireText } from '../../../core/flows/credentials.ts'
import { absoluteUri, checkRedirectUri } from '../../../core/login/redirect-uri.ts'
import type { Redirect } from '../../../core/ports.ts'

const loginsKey = 'imskit/page-logins'
/** ms */
const span = 60_000
const mostLogins = 5

/**
 * A login for which the browser leaves the page. `handleRedirect` on the redirect page finishes it, so the trip of this
 * page does not settle. It rejects only if the user returns with the back button and the browser restores this page.
 *
 * @throws {ConfigurationError} `BAD_OPTION`
 * @example
 * createClient({ flow, store, lock, redirect: pageRedirect(`${location.origin}/callback`), arrival: pageArrival })
 */
export function pageRedirect(given: string): Redirect {
  requireText('pageRedirect', { redirectUri: given })
  checkRedirectUri('pageRedirect: redirectUri', given)
  return {
    async prepare({ signal } = {}) {
      signal?.throwIfAborted()
      stopLoop()
      return {
        redirectUri: absoluteUri(given, globalThis.location.href),
        navigate: (authorizationUrl) =>
          new Promise((_, reject) => {
            const restored = ({ persisted }: PageTransitionEvent) => {
              if (persisted)
                reject(
                  new LoginRequiredError(
                    'LOGIN_REQUIRED',
                    'The user returned without signing in; call login() when the user wants to sign in',
                  ),
                )
            }
            globalThis.addEventListener('pageshow', restored, { once: true })
            signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
            globalThis.location.assign(authorizationUrl)
          }),
        close() {},
      }
    },
  }
}

/** Stops an app that starts the next login whenever a login returns without a session. */
function stopLoop(): void {
  const now = Date.now()
  const recent = readTimes().filter((time) => time > now - span)
  if (recent.length >= mostLogins) {
    const message = `${mostLogins} logins by redirect within a minute returned without a session; let the user start the next one with a button`
    throw new LoginRequiredError('LOGIN_NOT_POSSIBLE', message)
  }
  writeTimes([...recent, now])
}

/** After a successful login, the logins before it do not count as a loop. */
export function forgetPageLogins(): void {
  writeTimes([])
}

function readTimes(): number[] {
  try {
    const times: unknown = JSON.parse(globalThis.sessionStorage.getItem(loginsKey) ?? '[]')
    return Array.isArray(times) ? times.filter((time) => typeof time === 'number') : []
  } catch {
    return []
  }
}

function writeTimes(times: readonly number[]): void {
  try {
    if (times.length === 0) globalThis.sessionStorage.removeItem(loginsKey)
    else globalThis.sessionStorage.setItem(loginsKey, JSON.stringify(times))
  } catch {
    // without storage, a loop cannot be detected
  }
}
