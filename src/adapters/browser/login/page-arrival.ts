import { safePath } from '../../../core/login/return-to.ts'
import type { Arrival } from '../../../core/ports.ts'
import { handOver } from './callback-channel.ts'
import { forgetPageLogins } from './redirect-page.ts'

const parameters = ['code', 'state', 'error', 'error_description', 'error_uri', 'iss', 'session_state']

/** The `state` of every answer that was removed from the address of this page. */
const cleared = new Set<string>()

/** This page, which IMS may have redirected the user to. */
export const pageArrival: Arrival = {
  url() {
    const { href } = globalThis.location ?? {}
    if (href === undefined) return undefined
    const url = new URL(href)
    const { searchParams, hash } = url
    // an error without state, or in the fragment, finishes no login, but is told of
    const refused = searchParams.has('error') || new URLSearchParams(hash.slice(1)).has('error')
    return refused || (searchParams.has('code') && searchParams.has('state')) ? url : undefined
  },
  here: () => globalThis.location?.href ?? '',
  clear(answer) {
    if (cleared.size === 0) globalThis.navigation?.addEventListener('currententrychange', clearAll)
    cleared.add(answer.searchParams.get('state') ?? '')
    clearAll()
  },
  async handOver(url) {
    const taken = await handOver(url)
    if (taken) globalThis.close()
    return taken
  },
  completed: forgetPageLogins,
  accepts(returnTo) {
    const { origin } = globalThis.location ?? {}
    if (origin === undefined || typeof returnTo !== 'string') return false
    // the same rule as for a backend; here an address may name the origin as well
    const own = returnTo === origin || returnTo.startsWith(`${origin}/`)
    return safePath(own ? returnTo.slice(origin.length) || '/' : returnTo, origin) !== undefined
  },
}

/** Routers write the address, which they read when they started, into the address bar and into the history state. */
function clearAll(): void {
  const { history, location } = globalThis
  const [href, state] = [withoutAnswer(location.href), deeply(history.state, withoutAnswer)]
  // the entry is replaced, so that neither the address bar nor the history has the code
  if (href !== location.href || state !== history.state) history.replaceState(state, '', href)
}

/** `text` without the parameters of an answer, if it is an address that has some. */
function withoutAnswer(text: string): string {
  const [, path = '', query = '', hash = ''] = /^([^?#]*)\?([^#]*)(.*)$/s.exec(text) ?? []
  const search = new URLSearchParams(query)
  const state = search.get('state')
  if (state === null || !cleared.has(state)) return text
  for (const name of parameters) search.delete(name)
  const rest = search.toString()
  return `${path}${rest && '?'}${rest}${hash}`
}

/** `value` with `change` made to every text in it; `value` itself if there is nothing to change. */
function deeply(value: unknown, change: (text: string) => string, depth = 0): unknown {
  if (typeof value === 'string') return change(value)
  const plain = Array.isArray(value) || (value && Object.getPrototypeOf(value) === Object.prototype)
  if (!plain || depth > 6) return value
  const before = Object.entries(value as object)
  const after = before.map(([key, each]) => [key, deeply(each, change, depth + 1)] as const)
  if (after.every(([, each], index) => each === before[index]?.[1])) return value
  return Array.isArray(value) ? after.map(([, each]) => each) : Object.fromEntries(after)
}

/**
 * For a page that does nothing but end a login in a popup or frame: hands its address to the page that waits, clears
 * it, and closes the window. Resolves to whether anyone waited.
 */
export async function relayCallback(): Promise<boolean> {
  const url = pageArrival.url()
  if (!url?.searchParams.has('state')) return false
  pageArrival.clear(url)
  return pageArrival.handOver(url)
}
