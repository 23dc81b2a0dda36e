import { digest } from '../../../core/digest.ts'
import type { Clock, Store } from '../../../core/ports.ts'
import type { CookieEncryption } from './cookie-encryption.ts'
import type { Cookies } from './cookies.ts'

export interface LoginCookiesOptions {
  readonly cookies: Cookies
  readonly encryption: CookieEncryption
  readonly clock: Pick<Clock, 'now'>
  /** Remembers which logins have finished, so that a copy of their cookie is rejected. */
  readonly finished: Store
}

const prefix = 'imskit-login-'
/** Pending logins per browser; a further one replaces the login that expires first. */
const mostLogins = 5

/** The pending logins of a browser: one encrypted cookie each, so that two tabs can sign in at once. */
export function loginCookies({ cookies, encryption, clock, finished }: LoginCookiesOptions): Store {
  const nameOf = async (key: string) => prefix + (await digest(key))
  const decrypt = async (name: string) => encryption.decrypt({ purpose: 'login', name }, cookies.get(name) ?? '')

  async function makeRoom(): Promise<void> {
    const names = cookies.names(prefix)
    const logins = await Promise.all(
      names.map(async (name) => ({ name, expiresAt: (await decrypt(name))?.expiresAt ?? 0 })),
    )
    logins.sort((one, other) => other.expiresAt - one.expiresAt)
    for (const { name } of logins.slice(mostLogins - 1)) cookies.clear(name)
  }

  return {
    async get(key) {
      const login = await decrypt(await nameOf(key))
      if (login === undefined || (await finished.get(await finishedCookieKey(key))) !== undefined) return undefined
      return login.value
    },
    async set(key, value, expiresAt = clock.now()) {
      await makeRoom()
      const name = await nameOf(key)
      const text = await encryption.encrypt({ purpose: 'login', name, value, expiresAt })
      // the callback comes from another site, and a browser does not send Strict cookies with it
      cookies.set(name, text, { maxAge: expiresAt - clock.now(), sameSite: 'Lax' })
    },
    async delete(key) {
      const name = await nameOf(key)
      const login = await decrypt(name)
      cookies.clear(name)
      if (login !== undefined) await finished.set(await finishedCookieKey(key), true, login.expiresAt)
    },
    keys: async () => [],
  }
}

const finishedCookieKey = async (key: string) => `imskit/finished-login/${await digest(key)}`
