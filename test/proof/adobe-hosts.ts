import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'

const adobeHost = /^https:\/\/[\w-]+\.adobelogin\.com$/

/**
 * Connects every request of the global `fetch` to a host of IMS to `url` instead: the address changes and nothing else,
 * for clients that have no option for it.
 *
 * @returns a function that undoes it
 */
export function redirectAdobeHosts(url: string): () => void {
  const before = getGlobalDispatcher()
  const there = new Agent().compose(
    (dispatch) => (options, handler) =>
      dispatch(adobeHost.test(String(options.origin)) ? { ...options, origin: url } : options, handler),
  )
  setGlobalDispatcher(there)
  return () => setGlobalDispatcher(before)
}
