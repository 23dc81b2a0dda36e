import { type AnyImsError, isImsError } from '../../../core/errors.ts'
import { escapeHtml } from '../../../core/html.ts'
import { baseStyle } from '../../../design/base.css.ts'
import { designTokens } from '../../../design/tokens.css.ts'

/** Not cached, not readable by other sites, and without active content. */
const protective = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
}

export function jsonResponse(body: unknown, { status = 200, headers = {} }: JsonInit = {}): Response {
  return Response.json(body, { status, headers: { ...protective, ...headers } })
}

interface JsonInit {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** The JSON body of a rejected request. */
export interface Rejection {
  readonly error: string
  readonly message: string
}

/** Rejects a request with the reason as JSON. */
export function reject(status: number, body: Rejection, headers: Readonly<Record<string, string>> = {}): Response {
  return jsonResponse(body, { status, headers })
}

export function methodNotAllowed(allowed: string): Response {
  return reject(405, { error: 'method_not_allowed', message: `Only ${allowed} is allowed here` }, { allow: allowed })
}

export function redirectTo(location: string): Response {
  return new Response(null, { status: 302, headers: { ...protective, location } })
}

/** An `ImsError` as a response for a script. Other errors are bugs and are thrown again, so that the runtime reports them. */
export function errorResponse(error: unknown): Response {
  if (!isImsError(error)) throw error
  return reject(statusOf(error), { error: error.code, message: error.message }, retryAfter(error))
}

/** The HTTP status for an `ImsError`. */
export function statusOf({ name, code }: AnyImsError): number {
  if (code === 'ACCESS_DENIED') return 403
  if (code === 'STATE_MISMATCH') return 400
  if (name === 'LoginRequiredError') return 401
  if (name === 'UnavailableError') return 503
  return name === 'ImsResponseError' ? 502 : 500
}

export function retryAfter(error: AnyImsError): Readonly<Record<string, string>> {
  if (error.name !== 'UnavailableError') return {}
  return { 'retry-after': String(Math.ceil((error.retryAfter ?? 5_000) / 1000)) }
}

/** What an HTML page shows; plain text, never from a request. */
export interface PageContent {
  readonly title: string
  readonly text: string
  readonly links: readonly { readonly href: string; readonly label: string }[]
}

/** An HTML page without scripts, for a user whose login failed. */
export function htmlPage(
  status: number,
  { title, text, links }: PageContent,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const anchors = links.map(({ href, label }) => `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`).join(' ')
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
<body class="ims-card">
<main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>
<p>${anchors}</p>
</main>
</html>
`
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  const type = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy }
  return new Response(html, { status, headers: { ...protective, ...type, ...headers } })
}

const style = `${designTokens}${baseStyle}a{margin-inline-end:var(--ims-space-l)}`

/** The address that starts a new login, even if the last ones formed a loop. */
export function loginAgain(basePath: string, returnTo: string): string {
  return `${basePath}/login?${new URLSearchParams({ returnTo, again: 'true' })}`
}
