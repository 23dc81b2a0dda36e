import { LoginRequiredError } from '../../../core/errors.ts'
import { requireText } from '../../../core/flows/credentials.ts'
import type { Redirect } from '../../../core/ports.ts'

const loginsKey = 'imskit/page-logins'
const span = 60_000
const most = 5

/**
 * Sends the page itself to the sign-in page. The trip never ends here: the login goes on with `handleRedirect` on the
 * page that is loaded when the person is back. It rejects only where the page is brought back as it was left.
 */
export function pageRedirect(redirectUri: string): Redirect {
  requireText('pageRedirect', { redirectUri })
  return {
    async prepare({ signal } = {}) {
      signal?.throwIfAborted()
      breakLoop()
      return {
        redirectUri,
        navigate: (authorizationUrl) =>
          new Promise((_, reject) => {
            const back = ({ persisted }: PageTransitionEvent) => {
              if (persisted)
                reject(
                  new LoginRequiredError(
                    'LOGIN_REQUIRED',
                    'the person came back without signing in; call login() when they want to',
                  ),
                )
            }
            globalThis.addEventListener('pageshow', back, { once: true })
            signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
            globalThis.location.assign(authorizationUrl)
          }),
        close() {},
      }
    },
  }
}

/** A page that sends people away as soon as they are back would do so for ever. */
function breakLoop(): void {
  const now = Date.now()
  const recent = readTimes().filter((time) => time > now - span)
  if (recent.length >= most) {
    const message = `${most} logins by redirect within a minute came back without a session, so no further one was begun; ask the person to sign in by a button`
    throw new LoginRequiredError('LOGIN_NOT_POSSIBLE', message)
  }
  writeTimes([...recent, now])
}

/** A login that ended well: what went before was no loop. */
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
    // without storage the loop cannot be seen
  }
}
