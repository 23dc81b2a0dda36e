/**
 * Whether a request comes from a page of `origin`, as far as the browser says (Fetch Metadata, `Origin`). What says
 * nothing is no browser of today and still needs the CSRF token.
 */
export function isFromOrigin({ headers }: Request, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  const from = headers.get('origin')
  return (site === null || site === 'same-origin') && (from === null || from === origin)
}

/** Whether two texts are equal, in a time that tells nothing about where they differ. */
export function isSameText(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at % (other.length || 1))
  return difference === 0
}
