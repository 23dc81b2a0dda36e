/** What a request says in its `Authorization` header (RFC 6750, section 2.1). */
export type Bearer = { readonly token: string } | 'none' | 'malformed'

// RFC 6750, section 2.1: b64token. One token, one header: where there are more, the runtime joins them with a comma
const credentials = /^Bearer +([\w.~+/-]+=*) *$/i
const longestToken = 64 * 1024

/** The token of a request. Not looked for in the query or the body: those are written to logs, and forged by forms. */
export function bearerOf(request: Request): Bearer {
  const said = request.headers.get('authorization')
  if (said === null || !/^Bearer(?: |$)/i.test(said)) return 'none'
  // what is too long for a token is one that is not valid, whatever it is
  const token = said.length > longestToken ? '' : credentials.exec(said)?.[1]
  return token === undefined ? 'malformed' : { token }
}
