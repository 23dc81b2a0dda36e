import type { Store } from '../../../core/ports.ts'

const takenKey = 'imskit/taken'
const remembered = 20

/**
 * The logins that `own` has under way, each good for one callback in all tabs: a tab that is duplicated has a copy of
 * its `sessionStorage`, and a code that is sent twice may end the tokens of the first (RFC 6749, section 4.1.2).
 */
export function pendingLogins(own: Store, shared: Store): Store {
  const taken = async () => {
    const keys = await shared.get(takenKey).catch(() => undefined)
    return Array.isArray(keys) ? keys : []
  }
  return {
    ...own,
    // a login that was replayed is not one that is unknown
    get: async (key) => ((await taken()).includes(key) ? null : own.get(key)),
    async delete(key) {
      // where it cannot be written a copy stays good: better a code sent twice than no login
      await shared.set(takenKey, [...(await taken()), key].slice(-remembered)).catch(() => {})
      await own.delete(key)
    },
  }
}
