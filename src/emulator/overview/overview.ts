import { messagePage } from '../endpoints/pages.ts'
import type { EmulatorCall } from '../http/call.ts'
import type { IssuedToken } from '../tokens/token-ledger.ts'
import { type Overview, presets } from './overview-data.ts'
import { showOverview } from './overview-page.ts'
import { liveSections } from './sections.ts'

/** An action of a button; returns the part of the page that it changes. */
type Action = (value: string, overview: Overview) => string

const actions: Readonly<Record<string, Action>> = {
  fault(name, { faults }) {
    if (Object.hasOwn(presets, name)) faults.add({ path: '/ims/token', ...presets[name] })
    return 'faults'
  },
  remove(id, { faults }) {
    faults.remove(id)
    return 'faults'
  },
  undo(_, { faults }) {
    faults.remove()
    return 'faults'
  },
  expire(name, { provider, nameOf }) {
    const token = provider.tokens.newest(provider.tokens.size).find((each) => nameOf(each) === name)
    if (token !== undefined) token.expiredEarly = true
    return 'tokens'
  },
  advance(text, { provider }) {
    const ms = Number(text)
    if (Number.isSafeInteger(ms) && ms > 0) provider.clock.advance(ms)
    return 'clock'
  },
  reset(_, { provider }) {
    provider.clock.set(undefined)
    return 'clock'
  },
}

function createNames(): Overview['nameOf'] {
  const names = new WeakMap<IssuedToken, string>()
  return (token) => {
    const name = names.get(token) ?? crypto.randomUUID()
    names.set(token, name)
    return name
  }
}

const live = (overview: Overview) =>
  Response.json(liveSections(overview), {
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  })

/**
 * `GET /`: how to use the emulator, and what it has and does; `GET /?live`: the parts that change, for the script of the
 * page; `POST /`: the actions of its buttons. They require the token of this page, so that another site cannot trigger
 * them.
 */
export function createOverview(data: Omit<Overview, 'nameOf'>): (call: EmulatorCall) => Response {
  const overview: Overview = { ...data, nameOf: createNames() }
  const formToken = crypto.randomUUID()

  function act({ params, headers }: EmulatorCall): Response {
    const origin = headers.get('origin')
    const ours = origin === null || origin === new URL(data.provider.endpoint).origin
    if (!ours || params.get('form_token') !== formToken) {
      return messagePage({
        title: 'Request rejected',
        text: 'This action needs a button of the overview page. Open that page and try again.',
        status: 403,
      })
    }
    const [name, value] = params.entries().find(([each]) => Object.hasOwn(actions, each)) ?? []
    const section = name === undefined ? '' : actions[name]?.(value ?? '', overview)
    return new Response(null, { status: 303, headers: { location: `/#${section}`, 'cache-control': 'no-store' } })
  }

  return (call) => {
    if (call.method === 'POST') return act(call)
    return call.url.searchParams.has('live') ? live(overview) : showOverview(overview, formToken)
  }
}
