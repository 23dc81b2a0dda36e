import { type AnyImsError, isImsError } from '../../../core/errors.ts'
import { escapeHtml } from '../../../core/html.ts'

/** No cache keeps it, no other site reads it, nothing in it runs. */
const guarded = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
}

export function json(body: unknown, { status = 200, headers = {} }: ResponseInit = {}): Response {
  return Response.json(body, { status, headers: { ...guarded, ...(headers as Record<string, string>) } })
}

/** A request that is not answered, and why. */
export function refusal(status: number, error: string, message: string, headers: Record<string, string> = {}) {
  return json({ error, message }, { status, headers })
}

export function wrongMethod(allowed: string): Response {
  return refusal(405, 'method_not_allowed', `only ${allowed} is answered here`, { allow: allowed })
}

export function redirectTo(location: string): Response {
  return new Response(null, { status: 302, headers: { ...guarded, location } })
}

/**
 * An error of ours as an answer to a script. What only a program's author can mend is thrown again, for the runtime to
 * report.
 */
export function failure(error: unknown): Response {
  if (!isImsError(error)) throw error
  return refusal(statusOf(error), error.code, error.message, retryAfter(error))
}

/** The HTTP status of an error of ours. */
export function statusOf({ name, code }: AnyImsError): number {
  if (code === 'ACCESS_DENIED') return 403
  if (code === 'STATE_MISMATCH') return 400
  if (name === 'LoginRequiredError') return 401
  if (name === 'UnavailableError') return 503
  return name === 'ImsResponseError' ? 502 : 500
}

export function retryAfter(error: AnyImsError): Record<string, string> {
  if (error.name !== 'UnavailableError') return {}
  return { 'retry-after': String(Math.ceil((error.retryAfter ?? 5_000) / 1000)) }
}

/** A page without script, for a person whose sign-in went no further. All text in it is ours. */
export function page(status: number, { title, text, links }: PageContent, headers: Record<string, string> = {}) {
  const anchors = links.map(({ href, label }) => `<a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`).join(' ')
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
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
  return new Response(html, { status, headers: { ...guarded, ...type, ...headers } })
}

/** Where a person who wants to try again goes, whatever went before. */
export function loginAgain(basePath: string, returnTo: string): string {
  return `${basePath}/login?${new URLSearchParams({ returnTo, again: 'true' })}`
}

export interface PageContent {
  readonly title: string
  readonly text: string
  readonly links: readonly { readonly href: string; readonly label: string }[]
}

const style = `:root{color-scheme:light dark;font:1.125rem/1.5 system-ui,sans-serif}
main{max-width:34rem;margin:15vh auto;padding:0 1.5rem}
a{margin-right:1.5rem;color:LinkText}`
