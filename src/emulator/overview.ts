import { escapeHtml } from '../core/html.ts'
import { emulatorPage, messagePage } from './endpoints/pages.ts'
import type { EmulatorCall } from './http/call.ts'
import type { FaultOptions, Faults } from './http/faults.ts'
import type { Journal } from './http/journal.ts'
import type { EmulatorContexts } from './ready-made.ts'

/** The data of the page at `/`. */
export interface Overview {
  readonly endpoint: string
  readonly contexts: EmulatorContexts
  readonly journal: Journal
  readonly faults: Faults
}

const shownRequests = 20

/** Faults for the next token request, by the label of their button. */
const presets: Readonly<Record<string, Omit<FaultOptions, 'path'>>> = {
  'Unavailable (503)': { status: 503 },
  'Too many requests (429, retry after 2 s)': { status: 429, headers: { 'retry-after': '2' } },
  'Rejected (invalid_grant)': { status: 400, body: { error: 'invalid_grant' } },
  'An HTML page': { status: 502, body: '<html>Bad gateway</html>', headers: { 'content-type': 'text/html' } },
  'Delay of 10 seconds': { delay: 10_000 },
  'Lost answer': { drop: 'after' },
}

/**
 * `GET /`: how to use the emulator, its contexts, the last requests, and buttons for faults; `POST /`: the actions of
 * these buttons. They require the token of this page, so that another site cannot trigger them.
 */
export function createOverview({ endpoint, contexts, journal, faults }: Overview): (call: EmulatorCall) => Response {
  const formToken = crypto.randomUUID()
  let undo: (() => void)[] = []

  function show(): Response {
    const main = [
      '<p>A local IMS for development and tests. Set this variable to use it in a program:</p>',
      pre(`AIO_IMS_CONFIG_ENDPOINT=${endpoint}`),
      '<h2>Contexts to copy</h2>',
      ...Object.entries(contexts).map(
        ([kind, data]) =>
          `<details><summary>${escapeHtml(kind)}</summary>${pre(JSON.stringify(data, null, 2))}</details>`,
      ),
      '<h2>Make the next token request fail</h2>',
      `<form method="post" class="quiet"><input type="hidden" name="form_token" value="${formToken}"><div class="actions">`,
      ...Object.keys(presets).map((name) => button('fault', name)),
      button('undo', 'Remove all faults'),
      '</div></form>',
      '<h2>Last requests</h2>',
      requestTable(journal),
    ]
    const shown = emulatorPage('imskit emulator', main.join('\n'), { wide: true })
    // with no-referrer, a browser would not send the origin with the form
    shown.headers.set('referrer-policy', 'same-origin')
    return shown
  }

  function act({ params, headers }: EmulatorCall): Response {
    const origin = headers.get('origin')
    const ours = origin === null || origin === new URL(endpoint).origin
    if (!ours || params.get('form_token') !== formToken) {
      return messagePage(
        'Request rejected',
        'This action needs a button of the overview page. Open that page and try again.',
        403,
      )
    }
    const preset = presets[params.get('fault') ?? '']
    if (preset !== undefined) undo.push(faults.add({ path: '/ims/token', ...preset }))
    else if (params.get('undo') !== null) {
      for (const take of undo) take()
      undo = []
    }
    return new Response(null, { status: 303, headers: { location: '/', 'cache-control': 'no-store' } })
  }

  return (call) => (call.method === 'POST' ? act(call) : show())
}

const pre = (text: string) => `<pre>${escapeHtml(text)}</pre>`
const button = (name: string, value: string) =>
  `<button name="${name}" value="${escapeHtml(value)}">${escapeHtml(value)}</button>`

function requestTable({ requests: all, notesOf }: Journal): string {
  const requests = all.slice(-shownRequests).reverse()
  if (requests.length === 0) return '<p>No requests yet.</p>'
  const rows = requests.map((request) => {
    const { at, method, path, status, params } = request
    const named = Object.entries(params).map(([name, value]) => `${name}=${String(value)}`)
    const cells = [
      new Date(at).toISOString().slice(11, 19),
      `${method} ${path}`,
      String(status || ''),
      notesOf(request).join('; '),
      named.join(' '),
    ]
    return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  return `<table><thead><tr><th>UTC</th><th>Request</th><th>Status</th><th>Why</th><th>Parameters</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}
