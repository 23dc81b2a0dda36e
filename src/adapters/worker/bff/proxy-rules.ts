import { ConfigurationError } from '../../../core/errors.ts'
import { isLoopback } from '../../../core/ims/environment.ts'
import { refusedHeader } from './proxy-headers.ts'

/** Paths of this site that lead to an API, and to none but that. */
export interface ProxyRule {
  /** `/api/` for everything below, `/api/profile` for that path alone. */
  readonly path: string
  /** Where it leads: https, or http on loopback. */
  readonly to: string
  /** Default: any but `CONNECT` and `TRACE`. */
  readonly methods?: readonly string[] | undefined
  /** Sent along, whatever the page says, such as `x-gw-ims-org-id`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Names of more headers that the API gets from the page, beside those that the documentation lists. */
  readonly requestHeaders?: readonly string[] | undefined
  /** Names of more headers that the page gets from the API. */
  readonly responseHeaders?: readonly string[] | undefined
  /** Bytes that the body of a request may have; default 10 MiB. */
  readonly maxBody?: number | undefined
}

/** A rule that was checked. */
export interface Route extends ProxyRule {
  readonly target: URL
  readonly maxBody: number
}

/** Where a request leads, or why it leads nowhere. */
export type Destination = { readonly route: Route; readonly url: URL } | 'unsafe' | undefined

/** @throws {ConfigurationError} `BAD_OPTION` */
export function proxyRoutes(rules: readonly ProxyRule[], reserved: string): readonly Route[] {
  const routes = rules.map((rule) => checkRule(rule, reserved))
  // the longest path first: it says more
  return routes.sort((one, other) => other.path.length - one.path.length)
}

function checkRule(rule: ProxyRule, reserved: string): Route {
  const wrong = (what: string) => new ConfigurationError('BAD_OPTION', `proxy: ${what}`)
  const { path, to, maxBody = 10 * 1024 * 1024 } = rule
  if (typeof path !== 'string' || !/^\/[\w.~-][\w.~/-]*$/.test(path) || isUnsafe(path))
    throw wrong(`path ${JSON.stringify(path)} must be a plain path such as /api/`)
  if (path.startsWith(`${reserved}/`)) throw wrong(`path ${path} is where the sign-in is; choose another`)
  const target = typeof to === 'string' && URL.canParse(to) ? new URL(to) : undefined
  const secure = target?.protocol === 'https:' || (target?.protocol === 'http:' && isLoopback(target.hostname))
  if (target === undefined || !secure) throw wrong(`to of ${path} must be an https URL (http on loopback only)`)
  if (target.username !== '' || target.password !== '' || target.search !== '' || target.hash !== '')
    throw wrong(`to of ${path} must be without user, query and fragment`)
  const header = refusedHeader(rule)
  if (header !== undefined) throw wrong(`header ${header} of ${path} cannot be passed on; leave it out`)
  if (path.endsWith('/') && !target.pathname.endsWith('/')) target.pathname += '/'
  return { ...rule, target, maxBody }
}

/** Where `url`, of which only path and query count, leads. */
export function destinationOf(url: URL, routes: readonly Route[]): Destination {
  const { pathname, search } = url
  const route = routes.find(({ path }) => (path.endsWith('/') ? pathname.startsWith(path) : pathname === path))
  if (route === undefined) return undefined
  const rest = pathname.slice(route.path.length)
  if (isUnsafe(`/${rest}`)) return 'unsafe'
  const { target } = route
  const leads = new URL(target)
  // a pathname cannot change the host, whatever is in it
  leads.pathname = target.pathname + rest
  leads.search = search
  return leads.origin === target.origin && leads.pathname.startsWith(target.pathname) ? { route, url: leads } : 'unsafe'
}

/** The path of this site for an address that an API redirects to, where it stays within the rule. */
export function pathBack(location: string, from: URL, { path, target }: Route): string | undefined {
  if (!URL.canParse(location, from.href)) return undefined
  const to = new URL(location, from)
  const within = path.endsWith('/') ? to.pathname.startsWith(target.pathname) : to.pathname === target.pathname
  if (to.origin !== target.origin || to.username !== '' || to.password !== '' || !within) return undefined
  const rest = to.pathname.slice(target.pathname.length)
  return isUnsafe(`/${rest}`) ? undefined : path + rest + to.search
}

/** Whether a path could mean another one to a server that decodes it, or takes it apart, in a way of its own. */
function isUnsafe(path: string): boolean {
  let seen = path
  for (let round = 0; round < 3; round++) {
    if (/[\\\p{Cc}]/u.test(seen) || /(?:^|\/)\.{1,2}(?:;[^/]*)?(?:\/|$)/.test(seen) || seen.includes('//')) return true
    // a slash that only decoding brings out would make another path
    if (/%(?:25)*(?:2f|5c|00)/i.test(seen)) return true
    const decoded = decode(seen)
    // a percent sign that was encoded stands for itself
    if (decoded === undefined) return round === 0
    if (decoded === seen) return false
    seen = decoded
  }
  return true
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
