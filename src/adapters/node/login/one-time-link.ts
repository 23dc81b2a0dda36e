import { randomUUID } from 'node:crypto'
import type { LoopbackAnswer, LoopbackRequest } from './loopback-server.ts'
import { refusalPage } from './result-page.ts'

/** A loopback address that redirects the browser to another address, once. */
export interface OneTimeLink {
  readonly address: URL
  /** The answer to a request for `address`; `undefined` for any other request. */
  answer(request: LoopbackRequest): LoopbackAnswer | Promise<LoopbackAnswer> | undefined
}

/**
 * Creates a link that redirects to `target`. The address that a browser is started with is an argument of a program,
 * which every user of the machine can read. An address with secrets, such as a `state`, is therefore opened through
 * this link, which works once.
 */
export function oneTimeLink(origin: string, target: URL): OneTimeLink {
  const address = new URL(`/open/${randomUUID()}`, origin)
  let used = false
  return {
    address,
    answer({ method, url }) {
      if (url.pathname !== address.pathname) return undefined
      if (method !== 'GET') return { status: 405, headers: { Allow: 'GET' } }
      if (used) return usedBefore()
      used = true
      return { status: 302, headers: { Location: target.href }, body: '' }
    },
  }
}

async function usedBefore(): Promise<LoopbackAnswer> {
  const remedy = 'Open the address that the program printed, or start the login again.'
  return { status: 410, ...(await refusalPage('This link was already used', remedy)) }
}
