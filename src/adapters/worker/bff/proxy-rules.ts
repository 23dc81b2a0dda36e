import { isLoopback } from '../../../core/ims/environment.ts'
import { badOption, checkOptions } from '../../../core/options.ts'
import { refusedHeader } from './proxy-headers.ts'

/** Paths of this site that are forwarded to one API. */
export interface ProxyRule {
  /** `/api/` for everything below it, `/api/profile` for this path only. */
  readonly path: string
  /** The address of the API: https, or http on loopback. */
  readonly to: string
  /** Default: `GET`, `HEAD`, `POST`, `PUT`, `PATCH` and `DELETE`. */
  readonly methods?: readonly string[] | undefined
  /** Added to every request, such as `x-gw-ims-org-id`; the browser app cannot replace them. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Names of request headers that are forwarded, in addition to those that the documentation lists. */
  readonly requestHeaders?: readonly string[] | undefined
  /** Names of response headers that are forwarded, in addition to those that the documentation lists. */
  readonly responseHeaders?: readonly string[] | undefined
  /** The longest body of a request, in bytes; default 10 MiB. */
  readonly maxBody?: number | undefined
}

/** A checked rule. */
export interface Route extends ProxyRule {
  readonly target: URL
  readonly maxBody: number
}

/** Where a request is forwarded to, or why it is not. */
export type Destination = { readonly route: Route; readonly url: URL } | 'unsafe' | undefined

/** @throws {ConfigurationError} `BAD_OPTION` */
export function proxyRoutes(rules: readonly ProxyRule[], reserved: string): readonly Route[] {
  if (!Array.isArray(rules)) throw badOption('proxy must be an array of rules')
  const routes = rules.map((rule) => checkRule(rule, reserved))
  // the longest path first, as it is the most specific one
  return routes.sort((one, other) => other.path.length - one.path.length)
}

function checkRule(rule: ProxyRule, reserved: string): Route {
  const wrong = (what: string) => badOption(`proxy: ${what}`)
  checkOptions('proxy', rule)
  const { path, to, maxBody = 10 * 1024 * 1024 } = rule
  if (typeof path !== 'string' || !/^\/[\w.~-][\w.~/-]*$/.test(path) || isUnsafe(path))
    throw wrong(`path ${JSON.stringify(path)} must be a plain path such as /api/`)
  if (path.startsWith(`${reserved}/`)) throw wrong(`path ${path} belongs to the sign-in; choose another`)
  const target = typeof to === 'string' && URL.canParse(to) ? new URL(to) : undefined
  const secure = target?.protocol === 'https:' || (target?.protocol === 'http:' && isLoopback(target.hostname))
  if (target === undefined || !secure) throw wrong(`to of ${path} must be an https URL (http on loopback only)`)
  if (target.username !== '' || target.password !== '' || target.search !== '' || target.hash !== '')
    throw wrong(`to of ${path} must be without user, query and fragment`)
  const header = refusedHeader(rule)
  if (header !== undefined) throw wrong(`header ${header} of ${path} cannot be forwarded; leave it out`)
  if (path.endsWith('/') && !target.pathname.endsWith('/')) target.pathname += '/'
  return { ...rule, target, maxBody }
}

/** Where a request for `url` is forwarded to; only its path and query matter. */
export function destinationOf(url: URL, routes: readonly Route[]): Destination {
  const { pathname, search } = url
  const route = routes.find(({ path }) => (path.endsWith('/') ? pathname.startsWith(path) : pathname === path))
  if (route === undefined) return undefined
  const rest = pathname.slice(route.path.length)
  if (isUnsafe(`/${rest}`)) return 'unsafe'
  const { target } = route
  const address = new URL(target)
  // a pathname cannot change the host
  address.pathname = target.pathname + rest
  address.search = search
  const within = address.origin === target.origin && address.pathname.startsWith(target.pathname)
  return within ? { route, url: address } : 'unsafe'
}

/** The path of this site for an address that the API redirects to; `undefined` if the rule does not cover it. */
export function pathBack(location: string, from: URL, { path, target }: Route): string | undefined {
  if (!URL.canParse(location, from.href)) return undefined
  const to = new URL(location, from)
  const within = path.endsWith('/') ? to.pathname.startsWith(target.pathname) : to.pathname === target.pathname
  if (to.origin !== target.origin || to.username !== '' || to.password !== '' || !within) return undefined
  const rest = to.pathname.slice(target.pathname.length)
  return isUnsafe(`/${rest}`) ? undefined : path + rest + to.search
}

/** Whether another server could read the path differently, because it decodes or splits it in another way. */
function isUnsafe(path: string): boolean {
  let current = path
  for (let round = 0; round < 3; round++) {
    if (/[\\\p{Cc}]/u.test(current) || /(?:^|\/)\.{1,2}(?:;[^/]*)?(?:\/|$)/.test(current) || current.includes('//'))
      return true
    // an encoded slash would become a separator
    if (/%(?:25)*(?:2f|5c|00)/i.test(current)) return true
    const decoded = decodePath(current)
    // an encoded percent sign is a literal one
    if (decoded === undefined) return round === 0
    if (decoded === current) return false
    current = decoded
  }
  return true
}

function decodePath(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
