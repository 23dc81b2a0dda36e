/** Where a browser may be sent on to: a path of this site and of no other, in any reading of it. */
export function safePath(path: unknown, origin: string): string | undefined {
  if (typeof path !== 'string' || path.length > 2_000 || !path.startsWith('/') || path.startsWith('//'))
    return undefined
  // a browser drops tabs and line breaks from an address and takes a backslash for a slash
  if (/[\s\\\p{Cc}]/u.test(path) || !URL.canParse(path, origin)) return undefined
  const url = new URL(path, origin)
  // what is behind this site may decode once more
  if (url.origin !== origin || url.pathname.startsWith('//') || /^\/+(?:%2f|%5c|%09|%0a|%0d)/i.test(url.pathname))
    return undefined
  return url.pathname + url.search + url.hash
}
