/** The content of a request's `Authorization` header (RFC 6750, section 2.1). */
export type Bearer = { readonly token: string } | 'none' | 'malformed'

// RFC 6750, section 2.1: b64token. If there are several headers, the runtime joins them with a comma, which does not match
const credentials = /^Bearer +([\w.~+/-]+=*) *$/i
const longestToken = 64 * 1024

/** The token of a request. The query and the body are ignored: they are logged, and forms can forge them. */
export function bearerOf(request: Request): Bearer {
  const header = request.headers.get('authorization')
  if (header === null || !/^Bearer(?: |$)/i.test(header)) return 'none'
  // a header that is too long does not have a valid token
  const token = header.length > longestToken ? '' : credentials.exec(header)?.[1]
  return token === undefined ? 'malformed' : { token }
}
