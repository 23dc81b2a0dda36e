const style = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; }
  label { display: block; margin-top: 1rem; }
  input { font: inherit; width: 100%; padding: .5rem; box-sizing: border-box; }
  button { font: inherit; padding: .5rem 1.5rem; margin: 1.5rem .5rem 0 0; }
  [role=alert] { border-left: .25rem solid #b40000; padding-left: .75rem; }
  footer { margin-top: 3rem; font-size: .85rem; color: #555; }
`

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text made safe for HTML, attribute values included. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}

/** A whole page around `main`, which must be HTML already. */
export function page(title: string, main: string, { status = 200 }: { status?: number } = {}): Response {
  const nonce = crypto.randomUUID()
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
<footer>This is the imskit emulator, a stand-in for Adobe IMS on your machine. It is no security boundary.</footer>
</body>
</html>
`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      // No form-action: browsers apply it to the redirects after a post too, and those lead to the app
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

/** A page that only says something. */
export function messagePage(title: string, text: string, status = 200): Response {
  return page(title, `<p>${escapeHtml(text)}</p>`, { status })
}

/** The sign-in form. It posts to the address it was served from, so that the authorization request stays in place. */
export function signInPage({ clientId, email, problem }: SignInPage): Response {
  const alert = problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`
  const form = `${alert}
<p>to continue to <strong>${escapeHtml(clientId)}</strong></p>
<form method="post">
<label for="email">Email address</label>
<input id="email" name="email" type="email" autocomplete="username" required autofocus value="${escapeHtml(email)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password">
<button name="action" value="sign-in">Sign in</button>
<button name="action" value="cancel" formnovalidate>Cancel</button>
</form>`
  return page('Sign in', form, { status: problem === undefined ? 200 : 400 })
}

/** What the sign-in form shows. */
export interface SignInPage {
  readonly clientId: string
  readonly email: string
  readonly problem?: string
}

/** What the consent form shows. */
export interface ConsentPage {
  readonly clientId: string
  readonly email: string
  readonly scopes: readonly string[]
  readonly formToken: string
}

/** The consent form. */
export function consentPage({ clientId, email, scopes, formToken }: ConsentPage): Response {
  const items = scopes.map((scope) => `<li>${escapeHtml(scope)}</li>`).join('\n')
  const form = `<p><strong>${escapeHtml(clientId)}</strong> asks for access to the account ${escapeHtml(email)}:</p>
<ul>
${items}
</ul>
<form method="post">
<input type="hidden" name="form_token" value="${escapeHtml(formToken)}">
<button name="action" value="allow">Allow access</button>
<button name="action" value="cancel">Cancel</button>
</form>`
  return page('Allow access?', form)
}
