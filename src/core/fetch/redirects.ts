/** One request on its way, as far as a redirect changes it. */
export interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  /** Whether there is a body, and whether it can be sent a second time. */
  readonly body: 'none' | 'once' | 'again'
}

/** As many as `fetch` itself follows. */
export const maxRedirects = 20

/** Headers that describe the body, so they go with it. */
const ofBody = ['content-encoding', 'content-language', 'content-length', 'content-location', 'content-type']
/** Headers that are meant for one origin only. */
const ofOrigin = ['authorization', 'cookie', 'host', 'proxy-authorization', 'x-api-key', 'x-gw-ims-org-id']

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/**
 * The request that follows `response`, by the Fetch standard's rules ("HTTP-redirect fetch"), but https never becomes
 * http, and everything that identifies the caller stays with the origin that it was meant for.
 *
 * @returns `undefined` if `response` is the final answer: not a redirect, or one that needs a body that was already sent
 * @throws {TypeError} for a redirect that must not be followed, as `fetch` does
 */
export function nextHop(hop: Hop, response: Response): Hop | undefined {
  const { status } = response
  const location = isRedirect(status) ? response.headers.get('location') : null
  if (location === null) return undefined
  const post = hop.method === 'POST'
  const turnsToGet = status === 303 ? !/^(?:GET|HEAD)$/.test(hop.method) : post && status < 303
  if (hop.body === 'once' && !turnsToGet) return undefined
  const url = targetOf(location, hop.url)
  const headers = new Headers(hop.headers)
  if (turnsToGet) for (const name of ofBody) headers.delete(name)
  if (url.origin !== hop.url.origin) for (const name of ofOrigin) headers.delete(name)
  return turnsToGet ? { url, method: 'GET', headers, body: 'none' } : { ...hop, url, headers }
}

function targetOf(location: string, from: URL): URL {
  const text = utf8(location)
  const url = URL.canParse(text, from.href) ? new URL(text, from) : undefined
  const isHttp = url?.protocol === 'https:' || (url?.protocol === 'http:' && from.protocol === 'http:')
  if (url === undefined || !isHttp || url.username !== '' || url.password !== '') {
    const rule = from.protocol === 'https:' ? 'an https URL' : 'an http or https URL'
    throw new TypeError(
      `${from.origin} redirected to an address that is not ${rule} without credentials; the redirect was not followed`,
    )
  }
  if (url.hash === '') url.hash = from.hash
  return url
}

/** Header values arrive as bytes; servers that do not percent-encode a path write UTF-8. */
function utf8(bytes: string): string {
  try {
    const isBytes = /[\x80-\xff]/.test(bytes) && !/[^\0-\xff]/.test(bytes)
    return isBytes
      ? new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)))
      : bytes
  } catch {
    return bytes
  }
}
