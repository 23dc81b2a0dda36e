import { ImsResponseError, LoginRequiredError, UnavailableError } from '../../../core/errors.ts'
import { escapeHtml } from '../../../core/html.ts'
import { type Refused, refusalIn } from '../../../core/ims/refused.ts'
import { baseStyle } from '../../../design/base.css.ts'
import { designTokens } from '../../../design/tokens.css.ts'

const style = designTokens + baseStyle

const longestDetail = 300

/** An HTML page of the loopback server: it loads nothing and contains no script. */
export interface LoopbackPage {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The page that the user sees after signing in. It repeats nothing of the callback's address except the escaped error
 * of the authorization server.
 */
export async function resultPage(callback: URL): Promise<LoopbackPage> {
  const { title, paragraphs } = await contentFor(callback)
  const closing = '<p>You can close this tab and return to the program that asked you to sign in.</p>'
  return htmlPage({ title, paragraphs: [...paragraphs, closing] })
}

/** A page that says why a request was refused. */
export function refusalPage(title: string, text: string): Promise<LoopbackPage> {
  return htmlPage({ title, paragraphs: [`<p>${escapeHtml(text)}</p>`] })
}

async function htmlPage({ title, paragraphs }: Content): Promise<LoopbackPage> {
  const { createHash } = await import('node:crypto')
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${style}</style>
</head>
<body class="ims-card">
<main>
<h1>${title}</h1>
${paragraphs.join('\n')}
</main>
</body>
</html>
`
  const hash = createHash('sha256').update(style).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  return { headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy }, body }
}

interface Content {
  /** Text without characters that HTML escapes. */
  readonly title: string
  /** HTML. */
  readonly paragraphs: readonly string[]
}

async function contentFor(callback: URL): Promise<Content> {
  const refused = refusalIn(callback)
  if (refused.imsError === undefined) return { title: 'You are signed in', paragraphs: [] }
  const { explainError } = await import('../../../core/explain-error.ts')
  const explanation = explainError(errorOf(refused))
  const detail = [refused.imsError, refused.imsErrorDescription].filter((text) => text !== undefined).join(': ')
  return {
    title: explanation === undefined ? 'Sign-in canceled' : 'Sign-in failed',
    paragraphs: [
      `<p role="alert">${escapeHtml(explanation ?? 'You did not sign in.')}</p>`,
      `<p>Adobe reported: ${escapeHtml(detail.slice(0, longestDetail))}</p>`,
    ],
  }
}

/** The class of error that the login rejects with after this callback. */
function errorOf({ imsError = '' }: Refused): Error {
  if (imsError === 'access_denied') return new LoginRequiredError('ACCESS_DENIED', imsError)
  if (imsError === 'temporarily_unavailable' || imsError === 'server_error')
    return new UnavailableError('IMS_UNAVAILABLE', imsError)
  return new ImsResponseError('HTTP_ERROR', imsError, { status: 302 })
}
