import { escapeHtml } from '../../core/html.ts'

const style = `
  :root {
    color-scheme: light dark;
    --paper: light-dark(#f4f4f1, #131418); --card: light-dark(#fff, #1d1f26); --ink: light-dark(#1c1d21, #ebedf3);
    --soft: light-dark(#585c67, #a9afbd); --line: light-dark(#dfded9, #353945); --accent: light-dark(#2a5bd7, #8fb0ff);
    --on-accent: light-dark(#fff, #10131c); --alert: light-dark(#b3261e, #ff9a91);
  }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; display: grid; grid-template-rows: 1fr auto; font: 1.0625rem/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
  main { width: calc(100% - 2rem); max-width: 27rem; margin: clamp(1rem, 10vh, 6rem) auto 2rem; padding: clamp(1.25rem, 5vw, 2.25rem); border: 1px solid var(--line); border-radius: 1rem; background: var(--card); align-self: start; }
  main.wide { max-width: 62rem; margin-top: 2rem; }
  h1 { margin: 0 0 .5rem; font-size: 1.6rem; line-height: 1.2; letter-spacing: -.02em; }
  h2 { margin: 2.25rem 0 .75rem; font-size: 1.1rem; }
  p { margin: 0 0 1rem; } strong { overflow-wrap: anywhere; }
  label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
  input { font: inherit; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: .5rem; }
  .actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
  button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .5rem 1.25rem; border-radius: .6rem; border: 1px solid var(--accent); color: var(--on-accent); background: var(--accent); cursor: pointer; }
  button + button, .quiet button { color: inherit; background: transparent; border-color: var(--line); }
  button:hover { filter: brightness(1.08); }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  [role=alert] { margin: 0 0 1rem; padding: .75rem 1rem; border: 1px solid var(--alert); border-radius: .5rem; }
  ul { margin: 0; padding-inline-start: 1.25rem; } li { margin: .25rem 0; overflow-wrap: anywhere; }
  code, pre { font: .925rem/1.55 ui-monospace, monospace; overflow-wrap: anywhere; }
  pre { margin: .5rem 0 0; padding: 1rem; white-space: pre-wrap; border-radius: .6rem; border: 1px solid var(--line); background: var(--paper); user-select: all; }
  details { border-top: 1px solid var(--line); } details:last-of-type { border-bottom: 1px solid var(--line); }
  summary { padding: .6rem 0; min-height: 2.75rem; cursor: pointer; font-weight: 600; } details pre { margin-bottom: 1rem; }
  table { border-collapse: collapse; width: 100%; font-size: .975rem; }
  th, td { padding: .5rem .75rem .5rem 0; text-align: start; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
  th { color: var(--soft); font-weight: 600; }
  @media (min-width: 45rem) { th, td:nth-child(1), td:nth-child(3) { white-space: nowrap; overflow-wrap: normal; } }
  footer { padding: 1rem; text-align: center; color: var(--soft); font-size: .925rem; }
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
<body>
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
