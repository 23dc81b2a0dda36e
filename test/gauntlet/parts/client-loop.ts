import type { Client } from '../../../src/core/client.ts'
import type { ImsEvent } from '../../../src/core/events.ts'
import type { Report } from '../judge/reports.ts'
import type { Watch } from './watch.ts'

// used in every runtime that has timers

export interface Loop {
  /** Makes no further call; resolves once the one under way has settled. */
  stop(): Promise<void>
}

export interface LoopOptions extends Watch {
  readonly client: Pick<Client, 'getToken'>
  /** ms between two calls, on average */
  readonly pause: number
  /** A thrown value and everything in it, as text. */
  readonly show: (error: unknown) => string
}

const tick = 250
/** Of calls that want another token than the stored one. */
const forced = 0.01

/** Asks for a token again and again, and reports how that goes. */
export function startLoop({ client, pause, show, server, report }: LoopOptions): Loop {
  let ending = false
  let calls = 0
  let waiting = 0
  let lastToken: string | undefined
  // a process or tab that stands still has no ticks: what is counted is running time
  const timer = setInterval(() => {
    if (callUnderWay) waiting += tick
    void report({ kind: 'status', server, calls, waiting })
    calls = 0
  }, tick)
  let callUnderWay = false
  const call = async () => {
    const began = Date.now()
    waiting = 0
    callUnderWay = true
    try {
      const accessToken = await client.getToken(Math.random() < forced ? { force: true } : undefined)
      if (accessToken !== lastToken) await report({ kind: 'token', server, accessToken })
      lastToken = accessToken
    } catch (error) {
      // closed by the harness
      if (!ending) await report({ kind: 'failed', server, began, code: codeOf(error), text: show(error) })
    }
    callUnderWay = false
    calls++
  }
  const run = async () => {
    while (!ending) {
      await call()
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())))
    }
    clearInterval(timer)
    await report({ kind: 'status', server, calls, waiting: 0 })
  }
  const done = run()
  return {
    stop() {
      ending = true
      return done
    },
  }
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  return String(code ?? name)
}

/** Everything that a client emits goes past the search for secrets. */
export function eventReporter(server: string, report: (report: Report) => unknown): (event: ImsEvent) => void {
  return (event) => {
    if (event.type === 'request' || event.type === 'token' || event.type === 'lock-wait') return
    void report({ kind: 'text', server, text: JSON.stringify(event) })
  }
}
