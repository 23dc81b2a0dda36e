/** The request headers that are forwarded to the API. */
export const forwardedHeaders: readonly string[] = [
  'accept',
  'accept-charset',
  'accept-language',
  'cache-control',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'pragma',
  'prefer',
  'range',
  'repr-digest',
  'store',
  'traceparent',
  'tracestate',
  'x-correlation-id',
  'x-gw-ims-org-id',
  'x-model-version',
  'x-product',
  'x-product-location',
  'x-proxy-global-company-id',
  'x-request-id',
  'x-requested-with',
  'x-sandbox-id',
  'x-sandbox-name',
  'x-schema-id',
]
const requestFamilies = /^(?:x-adobe-|magento-)/

/** The response headers that are forwarded to the browser app. The proxy rewrites `location`. */
export const returnedHeaders: readonly string[] = [
  'accept-patch',
  'accept-post',
  'accept-ranges',
  'allow',
  'content-digest',
  'content-disposition',
  'content-language',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'deprecation',
  'digest',
  'etag',
  'last-modified',
  'link',
  'location',
  'preference-applied',
  'repr-digest',
  'retry-after',
  'sunset',
  'vary',
  'warning',
  'x-correlation-id',
  'x-debug-id',
  'x-request-id',
  'x-sandbox-id',
  'x-sandbox-name',
  'x-total-count',
]
const responseFamilies = /^(?:x-adobe-|x-rate|ratelimit)/

/** Headers that no rule can add: hop-by-hop headers (RFC 9110, section 7.6.1), and those that the proxy sets. */
const neverForwarded =
  /^(?:accept-encoding|authorization|connection|content-length|cookie2?|expect|forwarded|host|keep-alive|origin|referer|te|trailer|transfer-encoding|upgrade|via|x-api-key|x-csrf-token|x-real-ip|(?:access-control|proxy|sec|x-forwarded)-.*)$/
const neverReturned =
  /^(?:alt-svc|cache-control|clear-site-data|connection|content-encoding|content-length|keep-alive|nel|refresh|report-to|reporting-endpoints|service-worker-allowed|set-cookie2?|strict-transport-security|te|trailer|transfer-encoding|upgrade|www-authenticate|x-content-type-options|(?:access-control|content-security-policy|cross-origin|proxy)-?.*)$/

/** Headers that a rule forwards in addition to the lists. */
export interface MoreHeaders {
  readonly requestHeaders?: readonly string[] | undefined
  readonly responseHeaders?: readonly string[] | undefined
}

/** The first header that a rule must not add, if there is one. */
export function refusedHeader({ requestHeaders = [], responseHeaders = [] }: MoreHeaders): string | undefined {
  const isToken = (name: unknown) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)
  const refused = (names: readonly string[], never: RegExp) =>
    names.find((name) => !isToken(name) || never.test(name.toLowerCase()))
  const found = refused(requestHeaders, neverForwarded) ?? refused(responseHeaders, neverReturned)
  return found === undefined ? undefined : JSON.stringify(found)
}

/** The headers for the API: those of the request that are forwarded, and those that the rule adds to every request. */
export function requestHeaders(
  from: Headers,
  {
    headers: added = {},
    requestHeaders: more,
  }: MoreHeaders & { readonly headers?: Readonly<Record<string, string>> | undefined },
): Headers {
  const headers = pick(from, forwardedHeaders.concat(more ?? []), requestFamilies)
  for (const [name, value] of Object.entries(added)) headers.set(name, value)
  return headers
}

/** The headers of the API's response that are forwarded to the browser app. */
export function responseHeaders(from: Headers, { responseHeaders: more }: MoreHeaders): Headers {
  const headers = pick(from, returnedHeaders.concat(more ?? []), responseFamilies)
  headers.set('cache-control', 'no-store')
  headers.set('x-content-type-options', 'nosniff')
  headers.set('cross-origin-resource-policy', 'same-origin')
  // without rights, if a browser opens it as a document
  headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
  return headers
}

function pick(from: Headers, names: readonly string[], families: RegExp): Headers {
  const wanted = new Set(names.map((name) => name.toLowerCase()))
  // the connection header names hop-by-hop headers
  const hopByHop = (from.get('connection') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const headers = new Headers()
  for (const [name, value] of from)
    if ((wanted.has(name) || families.test(name)) && !hopByHop.includes(name)) headers.append(name, value)
  return headers
}
