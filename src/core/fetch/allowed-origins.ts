import { ConfigurationError } from '../errors.ts'
import { isLoopback } from '../ims/environment.ts'

/** Adobe's API domains: where a client's `fetch` sends its token by default. */
export const adobeOrigins: readonly string[] = ['https://*.adobe.io', 'https://*.adobe.com', 'https://*.adobelogin.com']

/** Whether a token may be sent to `url`. */
export type OriginTest = (url: URL) => boolean

/**
 * @param patterns origins (https, or http on loopback), or `https://*.example.com` for any host below it; default: Adobe's
 * @throws {ConfigurationError} `BAD_OPTION` for anything else: a path or query is not checked, so it is refused
 */
export function allowedOrigins(patterns: readonly string[] = adobeOrigins): OriginTest {
  if (!Array.isArray(patterns)) throw wrong('is not a list of origins')
  // Adobe's own need no check, so a client that sends no request reads no pattern
  let tests = patterns === adobeOrigins ? undefined : patterns.map(originTest)
  return (url) => {
    tests ??= patterns.map(originTest)
    return tests.some((test) => test(url))
  }
}

// what only registries have below it, as far as that can be known without their list
const registry = /^(?:ac|co|com|edu|gov|net|org)\.[a-z]{2}$/i

function originTest(pattern: unknown): OriginTest {
  const text = typeof pattern === 'string' ? pattern : ''
  const domain = /^https:\/\/\*\.((?:[\w-]+\.)+[a-z][\w-]*)$/i.exec(text)?.[1]
  if (domain !== undefined && !registry.test(domain)) {
    const suffix = `.${domain.toLowerCase()}`
    return (url) => url.protocol === 'https:' && url.port === '' && url.hostname.endsWith(suffix)
  }
  const url = /^https?:\/\/[^\s/\\?#@*%]+$/i.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url !== undefined && isLoopback(url.hostname)))
    // a blob has the origin of the page that made it
    return ({ protocol, origin }) => protocol === url.protocol && origin === url.origin
  const remedy = 'give an https origin without path, such as https://api.example.com (http on loopback only)'
  throw wrong(`has ${JSON.stringify(pattern)}, which is neither an origin nor https://*.domain; ${remedy}`)
}

const wrong = (what: string) => new ConfigurationError('BAD_OPTION', `allowedOrigins ${what}`)
