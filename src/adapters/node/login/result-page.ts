/** What the authorization server said when it said no: untrusted text. */
export interface SignInFailure {
  readonly error: string
  readonly description?: string | undefined
}

const style = `:root { color-scheme: light dark }
body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1.5rem }
h1 { font-size: 1.5rem }
p { overflow-wrap: anywhere }`

/**
 * The page a person sees when they come back from signing in. It loads nothing, runs nothing and repeats nothing of
 * the address but, on a failure, the escaped words of the authorization server.
 */
export async function resultPage(failure?: SignInFailure): Promise<{ headers: Record<string, string>; body: string }> {
  const { createHash } = await import('node:crypto')
  const title = failure === undefined ? 'Sign-in complete' : 'Sign-in did not succeed'
  const said = failure && [failure.error, failure.description].filter(Boolean).map((text) => escapeText(text ?? ''))
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${said ? `<p role="alert">${said.join(': ')}</p>\n` : ''}<p>You can close this tab and go back to the program that asked you to sign in.</p>
</main>
</body>
</html>
`
  const hash = createHash('sha256').update(style).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  return { headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy }, body }
}

function escapeText(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.slice(0, 300).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
