/** Between two servers, and of no use beyond them (RFC 9110, section 7.6.1). */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** What is between this site and its page, and what only we say to an API. */
const ourOwn = [
  'accept-encoding',
  'authorization',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'origin',
  'referer',
  'via',
  'x-api-key',
  'x-csrf-token',
  'x-real-ip',
]
const ourOwnFamilies = /^(?:sec-|proxy-|x-forwarded-|cf-|cdn-|access-control-|fly-|x-vercel-)/

/** What an API must not say about this site, or to its browser. The length is that of what was packed. */
const theirs = ['alt-svc', 'clear-site-data', 'content-encoding', 'content-length', 'set-cookie', 'set-cookie2']
const theirFamilies = /^(?:access-control-|content-security-policy|cross-origin-|strict-transport-security)/

/** The headers of a page's request that an API gets to see. */
export function requestHeaders(from: Headers, added: Readonly<Record<string, string>> = {}): Headers {
  const headers = without(from, [...hopByHop, ...ourOwn], ourOwnFamilies)
  for (const [name, value] of Object.entries(added)) headers.set(name, value)
  return headers
}

/** The headers of an API's answer that the page gets to see. */
export function responseHeaders(from: Headers): Headers {
  const headers = without(from, [...hopByHop, ...theirs], theirFamilies)
  headers.set('cache-control', 'no-store')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('cross-origin-resource-policy', 'same-origin')
  // should anyone ever see it as a page, then as one that can do nothing
  headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
  return headers
}

function without(from: Headers, names: readonly string[], families: RegExp): Headers {
  const named = (from.get('connection') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const headers = new Headers()
  for (const [name, value] of from)
    if (!names.includes(name) && !named.includes(name) && !families.test(name)) headers.append(name, value)
  return headers
}
