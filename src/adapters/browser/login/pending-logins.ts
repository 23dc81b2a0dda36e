import type { Store } from '../../../core/ports.ts'

const usedKey = 'imskit/taken'
const mostUsed = 20

/**
 * The pending logins of this tab (`own`), each usable once in all tabs (`shared`): a duplicated tab has a copy of the
 * `sessionStorage`, and if a code is redeemed twice, IMS may revoke the tokens of the first (RFC 6749, section 4.1.2).
 */
export function pendingLogins(own: Store, shared: Store): Store {
  const used = async () => {
    const keys = await shared.get(usedKey).catch(() => undefined)
    return Array.isArray(keys) ? keys : []
  }
  return {
    ...own,
    // null, not undefined: a replayed login is not an unknown one
    get: async (key) => ((await used()).includes(key) ? null : own.get(key)),
    async delete(key) {
      // if this fails, a copy remains usable, which is better than a failed login
      await shared.set(usedKey, [...(await used()), key].slice(-mostUsed)).catch(() => {})
      await own.delete(key)
    },
  }
}
