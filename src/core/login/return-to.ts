/** `path` if a browser may be redirected to it: a path of this site, however it is parsed. */
export function safePath(path: unknown, origin: string): string | undefined {
  if (typeof path !== 'string' || path.length > 2_000 || !path.startsWith('/') || path.startsWith('//'))
    return undefined
  // a browser drops tabs and line breaks from an address and takes a backslash for a slash
  if (/[\s\\\p{Cc}]/u.test(path) || !URL.canParse(path, origin)) return undefined
  const url = new URL(path, origin)
  // a server behind this site may decode it once more
  if (url.origin !== origin || url.pathname.startsWith('//') || /^\/+(?:%2f|%5c|%09|%0a|%0d)/i.test(url.pathname))
    return undefined
  return url.pathname + url.search + url.hash
}
