import { escapeHtml } from '../../core/html.ts'
import { baseStyle } from '../../design/base.css.ts'
import { controlStyle } from '../../design/controls.css.ts'
import { designTokens } from '../../design/tokens.css.ts'

const style = `${designTokens}${baseStyle}${controlStyle}
.ims-card { display: grid; grid-template-rows: 1fr auto; gap: var(--ims-space-l); padding-bottom: var(--ims-space); }
.ims-card > main { width: 100%; align-self: start; }
.ims-card > .wide { max-width: 64rem; }
button + button { color: var(--ims-ink); background: transparent; border-color: var(--ims-edge); }
form > .actions { margin-top: var(--ims-space-l); }
ul { margin: 0; padding-inline-start: 1.25rem; }
pre { user-select: all; }
@media (min-width: 45rem) { th, td:nth-child(-n + 3) { white-space: nowrap; overflow-wrap: normal; } }
footer { text-align: center; color: var(--ims-soft); font-size: var(--ims-text-s); }
`

/** An HTML page with the content `main`, which must be HTML. */
export function emulatorPage(
  title: string,
  main: string,
  { status = 200, wide = false }: { status?: number; wide?: boolean } = {},
): Response {
  const nonce = crypto.randomUUID()
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
</body>
</html>
`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      // without form-action, because browsers apply it to the redirects after a post, which lead to the app
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

/** A page with a title and a text. */
export function messagePage(title: string, text: string, status = 200): Response {
  return emulatorPage(title, `<p>${escapeHtml(text)}</p>`, { status })
}

/** The sign-in form. It posts to its own address, which contains the authorization request. */
export function signInPage({ clientId, email, problem }: SignInPage): Response {
  const alert = problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`
  const form = `${alert}
<p>to continue to <strong>${escapeHtml(clientId)}</strong></p>
<form method="post">
<label for="email">Email address</label>
<input id="email" name="email" type="email" autocomplete="username" required autofocus value="${escapeHtml(email)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password">
<div class="actions">
<button name="action" value="sign-in">Sign in</button>
<button name="action" value="cancel" formnovalidate>Cancel</button>
</div>
</form>`
  return emulatorPage('Sign in', form, { status: problem === undefined ? 200 : 400 })
}

/** The data of the sign-in form. */
export interface SignInPage {
  readonly clientId: string
  readonly email: string
  readonly problem?: string
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
