import { ConfigurationError } from './errors.ts'

/** Adobe's API domains: where a client's `fetch` sends its token unless told otherwise. */
export const adobeOrigins: readonly string[] = ['https://*.adobe.io', 'https://*.adobe.com', 'https://*.adobelogin.com']

/** Whether a token may be sent to `url`. */
export type OriginTest = (url: URL) => boolean

/**
 * @param patterns exact origins, or `https://*.example.com` for any host below; default: Adobe's
 * @throws {ConfigurationError} `BAD_OPTION` for anything else
 */
export function allowedOrigins(patterns: readonly string[] = adobeOrigins): OriginTest {
  const tests = patterns.map(originTest)
  return (url) => tests.some((test) => test(url))
}

function originTest(pattern: string): OriginTest {
  const wild = /^https:\/\/\*\.([\w.-]+)$/.exec(pattern)
  if (wild !== null) {
    const suffix = `.${wild[1]}`.toLowerCase()
    return (url) => url.protocol === 'https:' && url.port === '' && url.hostname.endsWith(suffix)
  }
  if (URL.canParse(pattern) && !pattern.includes('*') && new URL(pattern).origin !== 'null') {
    const { origin } = new URL(pattern)
    return (url) => url.origin === origin
  }
  throw new ConfigurationError(
    'BAD_OPTION',
    `allowedOrigins: ${JSON.stringify(pattern)} is neither an origin nor https://*.domain`,
  )
}
