import { randomUUID } from 'node:crypto'
import type { LoopbackAnswer, LoopbackRequest } from './loopback-server.ts'

/** A loopback address that leads a browser on to another one. */
export interface OneTimeLink {
  readonly address: URL
  /** The answer to a request for that address; `undefined` for any other. */
  answer(request: LoopbackRequest): LoopbackAnswer | undefined
}

/**
 * What a browser is opened with is an argument of a program, which every user of the machine can read. An address with
 * secrets, such as a `state`, is therefore opened by way of this one, which works once.
 */
export function oneTimeLink(origin: string, to: URL): OneTimeLink {
  const address = new URL(`/open/${randomUUID()}`, origin)
  let used = false
  return {
    address,
    answer({ method, url }) {
      if (url.pathname !== address.pathname) return undefined
      if (method !== 'GET') return { status: 405, headers: { Allow: 'GET' } }
      if (used)
        return {
          status: 410,
          body: 'This address was opened before. Open the one that the program has printed, or start the login again.\n',
        }
      used = true
      return { status: 302, headers: { Location: to.href }, body: '' }
    },
  }
}
