import { escapeHtml } from '../../core/html.ts'
import { emulatorPage } from '../endpoints/pages.ts'
import type { RegisteredClient } from '../registry/clients.ts'
import { shownRedirectUris } from '../registry/redirect-uris.ts'
import { type Overview, presets } from './overview-data.ts'
import { actionButton, liveSections, table } from './sections.ts'

const hour = 3_600_000

/** Asks every second for the parts that change; a focused button keeps the focus when its part is replaced. */
const script = `
const shown = {}
const silent = document.getElementById('silent')
async function update() {
  try {
    const answer = await fetch('/?live', { cache: 'no-store' })
    if (!answer.ok) throw new Error(String(answer.status))
    for (const [id, html] of Object.entries(await answer.json())) {
      const part = document.getElementById(id)
      if (part === null || shown[id] === html) continue
      const focused = part.contains(document.activeElement) ? document.activeElement : undefined
      if (shown[id] !== undefined || part.innerHTML !== html) part.innerHTML = html
      shown[id] = html
      if (focused) [...part.querySelectorAll('button')].find(({ value }) => value === focused.value)?.focus()
    }
    silent.hidden = true
  } catch {
    silent.hidden = false
  }
  setTimeout(update, document.hidden ? 5000 : 1000)
}
setTimeout(update, 1000)
`

const pre = (text: string) => `<pre>${escapeHtml(text)}</pre>`
const section = (id: string, title: string, ...content: readonly string[]) =>
  `<section id="${id}"><h2>${title}</h2>\n${content.join('\n')}\n</section>`
const details = (title: string, content: string) =>
  `<details><summary>${escapeHtml(title)}</summary>${content}</details>`
const buttons = (...all: readonly string[]) => `<div class="actions quiet">${all.join('\n')}</div>`

function clientDetails(client: RegisteredClient): string {
  const { clientId, clientSecrets, grants, scopes } = client
  const rows: Readonly<Record<string, readonly string[]>> = {
    'Client secrets': clientSecrets.length > 0 ? clientSecrets : ['none: a public client'],
    Grants: grants,
    'Redirect URIs': shownRedirectUris(client),
    Scopes: scopes ?? ['any'],
  }
  const items = Object.entries(rows)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `<dt>${name}</dt><dd>${values.map(escapeHtml).join('<br>')}</dd>`)
  return details(clientId, `<dl class="stacked">${items.join('')}</dl>`)
}

function userTable({ provider: { users } }: Overview): string {
  const rows = users.all.map((user) => {
    const organizations = user.organizations.map(({ id, name }) => `${name} (${id})`).join(', ')
    const password = users.withPassword.includes(user.email) ? 'its own' : 'any'
    return [user.email, `${user.firstName} ${user.lastName}`, password, user.userId, organizations].map(escapeHtml)
  })
  return table('Users', ['Email address', 'Name', 'Password', 'User ID', 'Organizations'], rows)
}

/** The page at `/`. */
export function showOverview(overview: Overview, formToken: string): Response {
  const { provider, contexts } = overview
  const live = liveSections(overview)
  const part = (name: string) => `<div id="live-${name}">${live[`live-${name}`]}</div>`
  const contents = {
    requests: 'Requests',
    faults: 'Faults',
    tokens: 'Tokens',
    clock: 'Clock',
    clients: 'Clients',
    users: 'Users',
  }
  const links = Object.entries(contents).map(([id, title]) => `<a href="#${id}">${title}</a>`)
  const main = [
    '<p>A local IMS for development and tests. Set this variable to use it in a program:</p>',
    pre(`AIO_IMS_CONFIG_ENDPOINT=${provider.endpoint}`),
    '<p role="alert" id="silent" hidden>The emulator does not answer. Start it again; this page will notice.</p>',
    `<nav aria-label="On this page">${links.join(' · ')}</nav>`,
    `<form method="post" id="actions"><input type="hidden" name="form_token" value="${formToken}"></form>`,
    section(
      'contexts',
      'Contexts to copy',
      ...Object.entries(contexts).map(([kind, data]) => details(kind, pre(JSON.stringify(data, null, 2)))),
    ),
    section('requests', 'Last requests', part('requests')),
    section(
      'faults',
      'Make the next token request fail',
      buttons(
        ...Object.keys(presets).map((name) => actionButton({ name: 'fault', value: name, label: name })),
        actionButton({ name: 'undo', value: '1', label: 'Remove all faults' }),
      ),
      '<h3>Armed faults</h3>',
      part('faults'),
    ),
    section(
      'tokens',
      'Tokens',
      '<p>An expired token is refused here. A program that stores its lifetime notices when it uses the token.</p>',
      part('tokens'),
    ),
    section(
      'clock',
      'Clock',
      part('clock'),
      buttons(
        actionButton({ name: 'advance', value: String(hour), label: 'Advance by 1 hour' }),
        actionButton({ name: 'advance', value: String(24 * hour), label: 'Advance by 1 day' }),
        actionButton({ name: 'reset', value: '1', label: 'Reset the clock' }),
      ),
      '<p>Only this emulator follows it. The clock of your program does not change.</p>',
    ),
    section('clients', 'Clients', ...[...provider.clients.values()].map(clientDetails)),
    section('users', 'Users', userTable(overview)),
  ]
  const shown = emulatorPage('imskit emulator', main.join('\n'), { wide: true, script })
  // with no-referrer, a browser would not send the origin with the form
  shown.headers.set('referrer-policy', 'same-origin')
  return shown
}
