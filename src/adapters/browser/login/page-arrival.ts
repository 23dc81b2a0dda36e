import { safePath } from '../../../core/login/return-to.ts'
import type { Arrival } from '../../../core/ports.ts'
import { handOver } from './callback-channel.ts'
import { forgetPageLogins } from './redirect-page.ts'

const parameters = ['code', 'state', 'error', 'error_description', 'error_uri', 'iss', 'session_state']

/** The `state` of every callback that was removed from the address of this page. */
const cleared = new Set<string>()

/**
 * The address of this page, which may be a callback.
 *
 * @example
 * createClient({ flow, store, lock, redirect: pageRedirect(location.href), arrival: pageArrival })
 */
export const pageArrival: Arrival = {
  url() {
    const { href } = globalThis.location ?? {}
    if (href === undefined) return undefined
    const url = new URL(href)
    const { searchParams, hash } = url
    // an error without a state, or in the fragment, finishes no login, but the core reports it
    const hasError = searchParams.has('error') || new URLSearchParams(hash.slice(1)).has('error')
    return hasError || (searchParams.has('code') && searchParams.has('state')) ? url : undefined
  },
  here: () => globalThis.location?.href ?? '',
  clear(callback) {
    if (cleared.size === 0) globalThis.navigation?.addEventListener('currententrychange', clearAll)
    cleared.add(callback.searchParams.get('state') ?? '')
    clearAll()
  },
  async handOver(url) {
    const received = await handOver(url)
    if (received) globalThis.close()
    return received
  },
  completed: forgetPageLogins,
  accepts(returnTo) {
    const { origin } = globalThis.location ?? {}
    if (origin === undefined || typeof returnTo !== 'string') return false
    // the same rule as for a backend, but an address may also contain the origin
    const own = returnTo === origin || returnTo.startsWith(`${origin}/`)
    return safePath(own ? returnTo.slice(origin.length) || '/' : returnTo, origin) !== undefined
  },
}

/** Removes every known callback: routers write the address that they read at their start to the address bar and the history state. */
function clearAll(): void {
  const { history, location } = globalThis
  const [href, state] = [withoutCallback(location.href), changeTexts(history.state, withoutCallback)]
  // replaced, so that neither the address bar nor the history has the code
  if (href !== location.href || state !== history.state) history.replaceState(state, '', href)
}

/** `text` without the parameters of a callback, if it is the address of one. */
function withoutCallback(text: string): string {
  const [, path = '', query = '', hash = ''] = /^([^?#]*)\?([^#]*)(.*)$/s.exec(text) ?? []
  const search = new URLSearchParams(query)
  const state = search.get('state')
  if (state === null || !cleared.has(state)) return text
  for (const name of parameters) search.delete(name)
  const rest = search.toString()
  return `${path}${rest && '?'}${rest}${hash}`
}

/** `value` with `change` applied to every text in it; `value` itself if nothing changes. */
function changeTexts(value: unknown, change: (text: string) => string, depth = 0): unknown {
  if (typeof value === 'string') return change(value)
  const plain = Array.isArray(value) || (value && Object.getPrototypeOf(value) === Object.prototype)
  if (!plain || depth > 6) return value
  const before = Object.entries(value as object)
  const after = before.map(([key, each]) => [key, changeTexts(each, change, depth + 1)] as const)
  if (after.every(([, each], index) => each === before[index]?.[1])) return value
  return Array.isArray(value) ? after.map(([, each]) => each) : Object.fromEntries(after)
}

/**
 * For a page that only finishes logins in a popup or frame: sends its address to the page that waits for it, clears the
 * address, and closes the window. Resolves to whether a page was waiting.
 *
 * @example
 * await relayCallback()
 */
export async function relayCallback(): Promise<boolean> {
  const url = pageArrival.url()
  if (!url?.searchParams.has('state')) return false
  pageArrival.clear(url)
  return pageArrival.handOver(url)
}
