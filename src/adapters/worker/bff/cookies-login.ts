import { digest } from '../../../core/digest.ts'
import type { Clock, Json, Store } from '../../../core/ports.ts'
import type { CookieEncryption } from './cookie-encryption.ts'
import type { Cookies } from './cookies.ts'

export interface LoginCookiesOptions {
  readonly cookies: Cookies
  readonly encryption: CookieEncryption
  readonly clock: Pick<Clock, 'now'>
  /** Remembers which logins were finished: a copy of their cookie is good for nothing. */
  readonly spent: Store
}

const begin = 'imskit-login-'
/** Logins under way in one browser; of more than these the one that ends first is given up. */
const most = 5

/** Logins under way, in the browser that began them: one sealed cookie each, so that two tabs can sign in at once. */
export function loginCookies({ cookies, encryption, clock, spent }: LoginCookiesOptions): Store {
  const nameOf = async (key: string) => begin + (await digest(key))
  const open = async (name: string) => encryption.decrypt({ purpose: 'login', name }, cookies.get(name) ?? '')

  async function makeRoom(): Promise<void> {
    const names = cookies.names(begin)
    const found = await Promise.all(names.map(async (name) => ({ name, endsAt: (await open(name))?.expiresAt ?? 0 })))
    found.sort((one, other) => other.endsAt - one.endsAt)
    for (const { name } of found.slice(most - 1)) cookies.clear(name)
  }

  return {
    async get(key) {
      const opened = await open(await nameOf(key))
      return opened === undefined || (await spent.get(spentKey(await digest(key)))) !== undefined
        ? undefined
        : opened.value
    },
    async set(key, value, expiresAt = clock.now()) {
      await makeRoom()
      const name = await nameOf(key)
      const text = await encryption.encrypt({ purpose: 'login', name, value, expiresAt })
      // back from IMS one comes from another site: Strict cookies would stay behind
      cookies.set(name, text, { maxAge: expiresAt - clock.now(), sameSite: 'Lax' })
    },
    async delete(key) {
      const name = await nameOf(key)
      const opened = await open(name)
      cookies.clear(name)
      if (opened !== undefined) await spent.set(spentKey(await digest(key)), true as Json, opened.expiresAt)
    },
    keys: async () => [],
  }
}

const spentKey = (login: string) => `imskit/finished-login/${login}`
