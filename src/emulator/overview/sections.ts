import { escapeHtml } from '../../core/html.ts'
import { describeFault } from '../http/faults.ts'
import { type IssuedToken, isExpired } from '../tokens/token-ledger.ts'
import { type Overview, shownEntries } from './overview-data.ts'

/** A button of the form of the page: the action and its value. */
export interface ActionButton {
  readonly name: string
  readonly value: string
  readonly label: string
  /** For screen readers, if several buttons have the label. */
  readonly about?: string
}

/** The button as HTML. */
export function actionButton({ name, value, label, about }: ActionButton): string {
  const described = about === undefined ? '' : ` aria-label="${escapeHtml(`${label}: ${about}`)}"`
  return `<button form="actions" name="${name}" value="${escapeHtml(value)}"${described}>${escapeHtml(label)}</button>`
}

/** A table; cells are HTML. */
export function table(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((each) => `<th scope="col">${each}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
  const region = `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(caption)}">`
  return `${region}<table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
}

const clockTime = (at: number) => new Date(at).toISOString().slice(11, 19)
const dayAndTime = (at: number) => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

function requests({ journal }: Overview): string {
  const newest = journal.requests.slice(-shownEntries).reverse()
  if (newest.length === 0) return '<p>No requests yet.</p>'
  const rows = newest.map((request) => {
    const { at, method, path, status, params, reason = '' } = request
    const named = Object.entries(params).map(([name, value]) => `${name}=${String(value)}`)
    const cells = [clockTime(at), `${method} ${path}`, String(status || ''), journal.clientIdOf(request) ?? '']
    return [...cells, reason, named.join(' ')].map(escapeHtml)
  })
  return table('Last requests', ['UTC', 'Request', 'Status', 'Client', 'Why', 'Parameters'], rows)
}

function armedFaults({ faults }: Overview): string {
  if (faults.armed.length === 0) return '<p>No fault is armed.</p>'
  const rows = faults.armed.map(({ id, fault, left }) => {
    const target = `${fault.method ?? 'any method'} ${typeof fault.path === 'string' ? `${fault.path}…` : fault.path}`
    const effect = describeFault(fault)
    const count = left === Number.POSITIVE_INFINITY ? 'every request' : `${left} request${left === 1 ? '' : 's'}`
    return [
      ...[target, effect, count].map(escapeHtml),
      actionButton({ name: 'remove', value: id, label: 'Remove', about: `${effect} at ${target}` }),
    ]
  })
  return table('Armed faults', ['Requests', 'Effect', 'Left', 'Action'], rows)
}

/** Whether a token can be used, in one word. */
function stateOf(token: IssuedToken, now: number): string {
  if (token.revoked) return 'revoked'
  if (token.used) return 'redeemed'
  return isExpired(token, now) ? 'expired' : 'valid'
}

function tokens({ provider, nameOf }: Overview): string {
  const newest = provider.tokens.newest(shownEntries)
  if (newest.length === 0) return '<p>No tokens yet.</p>'
  const now = provider.clock.now()
  const rows = newest.map((token) => {
    const { type, authorization, scopes, createdAt, expiresIn } = token
    const { client, subject } = authorization
    const state = stateOf(token, now)
    const cells = [type, client.clientId, subject.email, scopes.join(', '), dayAndTime(createdAt + expiresIn), state]
    const about = `${type} of ${client.clientId}, issued ${clockTime(createdAt)}`
    return [
      ...cells.map(escapeHtml),
      state === 'valid' ? actionButton({ name: 'expire', value: nameOf(token), label: 'Expire now', about }) : '',
    ]
  })
  return table('Newest tokens', ['Type', 'Client', 'User', 'Scopes', 'Expires (UTC)', 'State', 'Action'], rows)
}

function offsetText(ms: number): string {
  const hours = Math.round(ms / 3_600_000)
  return hours % 24 === 0 ? `${hours / 24} day${hours === 24 ? '' : 's'}` : `${hours} hour${hours === 1 ? '' : 's'}`
}

function clock({ provider }: Overview): string {
  const { offset, stopped } = provider.clock.state
  const how = stopped ? 'stopped by setTime' : offset === 0 ? 'as this machine' : `advanced by ${offsetText(offset)}`
  return `<p><strong>${dayAndTime(provider.clock.now())} UTC</strong>, ${how}</p>`
}

/** The HTML of the parts of the page that change by themselves, by the id of their element. */
export function liveSections(overview: Overview): Readonly<Record<string, string>> {
  return {
    'live-requests': requests(overview),
    'live-faults': armedFaults(overview),
    'live-tokens': tokens(overview),
    'live-clock': clock(overview),
  }
}
