import type { Arrival } from '../../core/ports.ts'
import { handOver } from './callback-channel.ts'
import { forgetPageLogins } from './redirect-page.ts'

const parameters = ['code', 'state', 'error', 'error_description', 'error_uri', 'iss', 'session_state']

/** This page, where IMS may have sent the person back to. */
export const pageArrival: Arrival = {
  url() {
    const { href } = globalThis.location ?? {}
    if (href === undefined) return undefined
    const { searchParams } = new URL(href)
    const answered = searchParams.has('code') || searchParams.has('error')
    return answered && searchParams.has('state') ? new URL(href) : undefined
  },
  here: () => globalThis.location?.href ?? '',
  clear() {
    const url = new URL(globalThis.location.href)
    for (const name of parameters) url.searchParams.delete(name)
    // the entry is replaced, so that neither the address bar nor the history keeps the code
    globalThis.history.replaceState(globalThis.history.state, '', url)
  },
  async handOver(url) {
    const taken = await handOver(url)
    if (taken) globalThis.close()
    return taken
  },
  completed: forgetPageLogins,
  accepts(returnTo) {
    // a browser drops tabs and line breaks from an address and takes a backslash for a slash
    if (globalThis.location === undefined || /[\s\\]/.test(returnTo)) return false
    if (!/^(?:\/(?!\/)|https?:\/\/)/i.test(returnTo)) return false
    const { href, origin } = globalThis.location
    return URL.canParse(returnTo, href) && new URL(returnTo, href).origin === origin
  },
}

/**
 * For a page that does nothing but end a login in a popup or frame: hands its address to the page that waits, clears
 * it, and closes the window. Resolves to whether anyone waited.
 */
export async function relayCallback(): Promise<boolean> {
  const url = pageArrival.url()
  if (url === undefined) return false
  pageArrival.clear()
  return pageArrival.handOver(url)
}
