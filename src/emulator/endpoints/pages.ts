import { escapeHtml } from '../../core/html.ts'
import { baseStyle } from '../../design/base.css.ts'
import { controlStyle } from '../../design/controls.css.ts'
import { designTokens } from '../../design/tokens.css.ts'
import { nameList } from '../http/refusal.ts'
import type { UserDirectory } from '../registry/users.ts'

/** The page at which the user starts: to sign in, to create an account, or that of a social provider. */
export type StartPage = { readonly to: 'sign-in' | 'sign-up' } | { readonly to: 'provider'; readonly provider: string }

const maxSuggestions = 100

const style = `${designTokens}${baseStyle}${controlStyle}
.ims-card { display: grid; grid-template: 1fr auto / minmax(0, 1fr); gap: var(--ims-space-l); padding-bottom: var(--ims-space); }
.ims-card > main { width: 100%; min-width: 0; align-self: start; }
.ims-card > .wide { max-width: 64rem; }
button + button { color: var(--ims-ink); background: transparent; border-color: var(--ims-edge); }
form > .actions { margin-top: var(--ims-space-l); }
ul { margin: 0; padding-inline-start: 1.25rem; }
pre { user-select: all; }
.scroll { overflow-x: auto; }
.scroll table { min-width: 52rem; font-size: var(--ims-text-s); }
.scroll th { white-space: nowrap; }
.scroll td { overflow-wrap: break-word; }
.scroll td:last-child { overflow-wrap: anywhere; }
.scroll button { min-height: 2rem; padding: 0 .75rem; white-space: nowrap; }
.stacked { display: grid; grid-template-columns: minmax(7rem, auto) 1fr; gap: var(--ims-space-s) var(--ims-space); }
@media (min-width: 45rem) { th, td:nth-child(1), td:nth-child(3) { white-space: nowrap; overflow-wrap: normal; } }
@media (max-width: 58rem) { .scroll::before { content: "scroll for more →" / ""; display: block; position: sticky; left: 0; text-align: end; color: var(--ims-soft); font-size: var(--ims-text-s); } }
footer { text-align: center; color: var(--ims-soft); font-size: var(--ims-text-s); }
`

/** An HTML page with the content `main`, which must be HTML. */
export function emulatorPage(
  title: string,
  main: string,
  { status = 200, wide = false, script }: { status?: number; wide?: boolean; script?: string } = {},
): Response {
  const nonce = crypto.randomUUID()
  const scripts = script === undefined ? '' : `; script-src 'nonce-${nonce}'; connect-src 'self'`
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style nonce="${nonce}">${style}</style>
</head>
<body class="ims-card">
<main${wide ? ' class="wide"' : ''}>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
<footer>This is the imskit emulator, a local replacement for Adobe IMS. It is not a security boundary.</footer>
${script === undefined ? '' : `<script type="module" nonce="${nonce}">${script}</script>\n`}</body>
</html>
`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      // without form-action, because browsers apply it to the redirects after a post, which lead to the app
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; frame-ancestors 'none'${scripts}`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

/** A page with a title and a text, from which the user can go on. */
export interface MessagePage {
  readonly title: string
  readonly text: string
  readonly status?: number
  /** Where to go on, in addition to the overview: the text of each link, and its address. */
  readonly links?: Readonly<Record<string, string>>
}

/** Shows a message, with links to the app if known, and to the overview. */
export function messagePage({ title, text, status = 200, links = {} }: MessagePage): Response {
  const items = Object.entries({ ...links, 'Overview of the emulator': '/' }).map(
    ([name, address]) => `<li><a href="${escapeHtml(address)}">${escapeHtml(name)}</a></li>`,
  )
  return emulatorPage(title, `<p>${escapeHtml(text)}</p>\n<ul>\n${items.join('\n')}\n</ul>`, { status })
}

/** A link to the app that `redirectUri` belongs to; none if a browser would not open it. */
export function appLink(redirectUri: string | null | undefined): Readonly<Record<string, string>> {
  const url = URL.canParse(redirectUri ?? '') ? new URL(redirectUri ?? '') : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return {}
  return { [`Back to the app (${url.host})`]: `${url.origin}/` }
}

/** The sign-in form. It posts to its own address, which contains the authorization request. */
export function signInPage({ clientId, email, problem, users, startPage }: SignInPage): Response {
  const emails = users.all.slice(0, maxSuggestions).map((user) => user.email)
  const hint =
    users.withPassword.length === 0
      ? 'Any password works, an empty one too.'
      : `Any password works, except for ${nameList(users.withPassword)}.`
  const alert = problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`
  const [title, action] = titleAndAction(startPage)
  const password = `<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" aria-describedby="hint">
<p id="hint">${escapeHtml(hint)}</p>
`
  const form = `${alert}
<p>to continue to <strong>${escapeHtml(clientId)}</strong></p>
<form method="post">
<label for="email">Email address</label>
<input id="email" name="email" type="email" autocomplete="username" required autofocus value="${escapeHtml(email)}" list="users">
<datalist id="users">${emails.map((each) => `<option value="${escapeHtml(each)}">`).join('')}</datalist>
${startPage.to === 'sign-in' ? password : ''}<div class="actions">
<button name="action" value="sign-in">${action}</button>
<button name="action" value="cancel" formnovalidate>Cancel</button>
</div>
</form>`
  return emulatorPage(title, form, { status: problem === undefined ? 200 : 400 })
}

function titleAndAction(startPage: StartPage): readonly [title: string, action: string] {
  if (startPage.to === 'sign-up') return ['Create an account', 'Create account']
  return [startPage.to === 'provider' ? `Sign in with ${startPage.provider}` : 'Sign in', 'Sign in']
}

/** The data of the sign-in form. */
export interface SignInPage {
  readonly clientId: string
  readonly email: string
  readonly problem?: string
  readonly users: Pick<UserDirectory, 'all' | 'withPassword'>
  readonly startPage: StartPage
}

/** The data of the consent form. */
export interface ConsentPage {
  readonly clientId: string
  readonly email: string
  readonly scopes: readonly string[]
  readonly formToken: string
}

/** The consent form. */
export function consentPage({ clientId, email, scopes, formToken }: ConsentPage): Response {
  const items = scopes.map((scope) => `<li>${escapeHtml(scope)}</li>`).join('\n')
  const form = `<p><strong>${escapeHtml(clientId)}</strong> requests access to the account ${escapeHtml(email)}:</p>
<ul>
${items}
</ul>
<form method="post">
<input type="hidden" name="form_token" value="${escapeHtml(formToken)}">
<div class="actions">
<button name="action" value="allow">Allow access</button>
<button name="action" value="cancel">Cancel</button>
</div>
</form>`
  return emulatorPage('Allow access?', form)
}
