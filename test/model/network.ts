import type { Fetch } from '../../src/core/ports.ts'
import { epoch } from './clock.ts'
import { broken, short, type Wires } from './ports.ts'
import type { Process } from './scheduler.ts'
import type { Outcome, Server } from './server.ts'
import type { Attempt, Judge } from './verdict.ts'

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly text: string
}

/** What a server, a gateway or a portal does instead of answering. */
const mishaps = ['500', '503', '503 with Retry-After', 'HTML 200', 'HTML 403', 'truncated JSON', 'empty'] as const
type Mishap = (typeof mishaps)[number]

export interface NetworkOptions {
  readonly server: Server
  readonly judge: Judge
  /** Whether the server's answers carry its time. */
  readonly dated: boolean
  readonly slow: boolean
}

/** How the processes reach IMS. */
export function createNetwork(
  wires: Wires,
  { server, judge, dated, slow: slowly }: NetworkOptions,
): (process: Process) => Fetch {
  const { scheduler, faults, random, history } = wires
  let outUntil = slowly ? 180_000 : 0
  let slow = slowly ? random.pick([28_000, 35_000]) : 0

  /** What becomes of this request at IMS: nothing of the kind, mostly. */
  function mishap(): { kind: Mishap; redeems: boolean; takes: number; retryAfter: number } | undefined {
    const out = !faults.healed && outUntil > scheduler.now()
    if (!out && !faults.happens('ims', 0.15)) return undefined
    if (!out && random.chance(0.3)) {
      outUntil = scheduler.now() + random.pick([10_000, 60_000, 180_000])
      slow = random.pick([0, 0, 28_000, 35_000])
    }
    const outage = outUntil > scheduler.now()
    const kind = outage
      ? random.pick(['500', '503', '503 with Retry-After', 'HTML 403'] as const)
      : random.pick(mishaps)
    const redeems = !outage && random.chance(0.4)
    faults.note(`IMS answers ${kind}${redeems ? ' after its work' : ''}`)
    return { kind, redeems, takes: outage ? slow : 0, retryAfter: random.pick([1, 5, 25, 29, 60]) }
  }

  function answerOf(outcome: Outcome, wrong: ReturnType<typeof mishap>): Answer {
    const date = dated ? { date: new Date(epoch + scheduler.now()).toUTCString() } : {}
    const text = typeof outcome.body === 'string' ? outcome.body : JSON.stringify(outcome.body)
    if (wrong === undefined) return { status: outcome.status, headers: date, text }
    const html = '<html>You are being watched</html>'
    switch (wrong.kind) {
      case '500':
        return { status: 500, headers: date, text: '{}' }
      case '503':
        return { status: 503, headers: date, text: html }
      case '503 with Retry-After':
        return { status: 503, headers: { ...date, 'retry-after': String(wrong.retryAfter) }, text: '' }
      case 'HTML 200':
        return { status: 200, headers: date, text: html }
      case 'HTML 403':
        return { status: 403, headers: date, text: html }
      case 'truncated JSON':
        return { status: 200, headers: date, text: text.slice(0, Math.floor(text.length / 2)) || '{' }
      case 'empty':
        return { status: 200, headers: date, text: '' }
    }
  }

  return (process) => (url, init) => {
    if (process.state === 'gone') return new Promise(() => {})
    const { pathname } = new URL(url)
    const form = new URLSearchParams(String(init.body ?? ''))
    const token = form.get('refresh_token') ?? form.get('code') ?? form.get('token') ?? ''
    const text = `POST ${pathname.split('/')[2]} ${token}`
    const fault = faults.draw(process, 'network')
    if (fault === 'crash') return new Promise(() => {})
    history.add(process.name, () => `${text}${fault === undefined ? '' : `  [${fault}]`}`)
    const { signal } = init
    return new Promise((resolve, reject) => {
      let settled = false
      let attempt: Attempt | undefined
      const end = (settle: () => void) => {
        if (settled) return
        settled = true
        signal?.removeEventListener('abort', abort)
        settle()
      }
      const abort = () =>
        end(() => {
          if (attempt) judge.aborted(attempt)
          history.add(process.name, () => `${text} → given up`)
          reject(signal?.reason)
        })
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      const fail = () =>
        scheduler.within(process, short(random), () =>
          end(() => {
            history.add(process.name, () => `${text} → failed on the way`)
            reject(new TypeError('fetch failed', { cause: broken('the network') }))
          }),
        )
      const reach = () => {
        const sent = attempt as Attempt
        const wrong = mishap()
        const works = wrong === undefined || wrong.redeems
        const outcome: Outcome = works ? server.handle(pathname, form) : { kind: 'failed', status: 503, body: '' }
        const destroyed = works && wrong !== undefined ? `IMS answered ${wrong.kind}` : undefined
        const answer = answerOf(outcome, wrong)
        history.add('IMS', () => `${text}: ${outcome.kind}, answers ${answer.status} ${answer.text.slice(0, 90)}`)
        judge.handled(sent, outcome, fault === 'lost' ? 'the network lost the answer' : destroyed)
        if (fault === 'crash after') {
          history.add(process.name, () => 'is gone before the answer')
          return wires.crash(process)
        }
        const takes = (wrong?.takes ?? 0) + (fault === 'late' ? faults.long() : short(random))
        scheduler.after(takes, () => {
          if (fault === 'lost') return fail()
          judge.inSocket(sent)
          scheduler.within(process, 0, () =>
            end(() => {
              history.add(process.name, () => `${text} → ${answer.status} ${answer.text.slice(0, 90)}`)
              judge.delivered(sent)
              resolve(responseOf(answer))
            }),
          )
        })
      }
      const send = () => {
        if (settled) return
        attempt = judge.sent(process, { pathname, form, heldUp })
        if (fault === 'fail') {
          judge.handled(attempt, { kind: 'failed', status: 0, body: '' }, undefined)
          return fail()
        }
        scheduler.after(fault === 'stall' ? faults.long() : short(random), () => {
          // what its sender has given up is cut off on the way, or arrives all the same
          const arrives = !(settled || process.state === 'gone') || random.chance(0.5)
          if (arrives) reach()
          else if (attempt) judge.handled(attempt, { kind: 'failed', status: 0, body: '' }, undefined)
        })
      }
      const heldUp = process.state === 'stopped' && fault !== 'stop after'
      if (heldUp) scheduler.within(process, 0, send)
      else send()
    })
  }
}

/** An answer that is read already: the streams of a real one need more than microtasks. */
function responseOf({ status, headers, text }: Answer): Response {
  const response = { status, ok: status < 300, headers: new Headers(headers), body: null, text: async () => text }
  return Object.setPrototypeOf(response, Response.prototype)
}
