import type { DurableState, DurableStorage } from '../bindings.ts'
import { requireBinding } from '../require-arguments.ts'
import type { DurableMessages, DurableVerb } from './durable-messages.ts'
import { durableValues } from './durable-values.ts'

/** A lock in the object's storage: which ticket has it, and until when. */
interface Lease {
  /** Grows with every turn. */
  readonly fence: number
  readonly ticket?: string | undefined
  /** ms since the epoch */
  readonly until: number
  /** Tickets of the turns that ended most recently, oldest first. */
  readonly released?: readonly string[]
}

interface Waiter {
  readonly ticket: string
  readonly lease: number
  readonly settle: (fence: number | undefined) => void
}

const leaseName = (name: string) => `lease:${name}`
/** ms after which an expired lease is removed; by then there are no more late writes. */
const sweepAfter = 86_400_000
const mostTickets = 1000
/** The number of ended turns that are remembered, even if the object is reset. */
const mostReleased = 20

/**
 * The Durable Object of `durableLock` and `durableStore`: one turn at a time for each name, with leases in storage, so
 * that they survive a reset of the object. Export it from the worker and bind it.
 *
 * @example
 * export { ImsLock } from 'imskit/worker'
 */
export class ImsLock {
  readonly #storage: DurableStorage
  readonly #values: ReturnType<typeof durableValues>
  readonly #waiting = new Map<string, Waiter[]>()
  /** Released tickets: if the request of a ticket arrives after its release, it gets no turn. */
  readonly #released = new Set<string>()

  constructor(state: DurableState) {
    requireBinding('ImsLock', { what: 'the state of its Durable Object', binding: state?.storage, method: 'get' })
    const { storage } = state
    this.#storage = storage
    this.#values = durableValues(storage)
  }

  async fetch(request: Request): Promise<Response> {
    const verb = new URL(request.url).pathname.slice(1)
    if (!Object.hasOwn(this.#answers, verb)) return new Response(null, { status: 404 })
    const answer = this.#answers[verb as DurableVerb] as (message: unknown) => Promise<object>
    return Response.json(await answer(await request.json()))
  }

  /** Removes expired leases and deleted values. */
  async alarm(): Promise<void> {
    const now = Date.now()
    for (const [name, { until }] of await this.#storage.list<Lease>({ prefix: leaseName('') }))
      if (until + sweepAfter < now) await this.#storage.delete(name)
    await this.#values.sweep()
    const remaining = (await this.#storage.list({ prefix: '' })).size
    if (remaining > 0) await this.#storage.setAlarm(now + sweepAfter)
  }

  readonly #answers: { [Verb in DurableVerb]: (m: DurableMessages[Verb][0]) => Promise<DurableMessages[Verb][1]> } = {
    acquire: async ({ name, ticket, lease, patience }) => {
      if (this.#released.has(ticket)) return {}
      const held = await this.#leaseOf(name)
      // this message was delayed, and the turn has ended already
      if (held.released?.includes(ticket)) return {}
      const free = held.until <= Date.now() && !this.#waiting.has(name)
      // a ticket that asks again did not receive the answer
      if (free || held.ticket === ticket) return { fence: await this.#grant(name, { ticket, lease }) }
      const fence = await this.#wait(name, { ticket, lease, patience, until: held.until })
      return fence === undefined ? {} : { fence }
    },
    extend: async ({ name, ticket, lease }) => {
      const held = await this.#leaseOf(name)
      if (held.ticket !== ticket) return { held: false }
      await this.#storage.put<Lease>(leaseName(name), { ...held, until: Date.now() + lease })
      return { held: true }
    },
    ended: async ({ name, ticket }) => {
      const { released = [] } = await this.#leaseOf(name)
      return { ended: released.includes(ticket) }
    },
    release: async ({ name, ticket, fence: hadFence }) => {
      if (this.#released.size >= mostTickets) this.#released.clear()
      this.#released.add(ticket)
      this.#waiting
        .get(name)
        ?.find((waiter) => waiter.ticket === ticket)
        ?.settle(undefined)
      const { released = [], ...lease } = await this.#leaseOf(name)
      const holds = lease.ticket === ticket
      // a caller that stops waiting has no lease to release
      if (!holds && (hadFence === undefined || released.includes(ticket))) return {}
      const ended = { released: [...released, ticket].slice(-mostReleased) }
      const left: Lease = holds ? { fence: lease.fence, until: 0, ...ended } : { ...lease, ...ended }
      await this.#storage.put(leaseName(name), left)
      if (holds) await this.#next(name)
      return {}
    },
    get: (message) => this.#values.get(message),
    set: (message) => this.#values.set(message),
    delete: (message) => this.#values.delete(message),
    keys: (message) => this.#values.keys(message),
  }

  async #leaseOf(name: string): Promise<Lease> {
    return (await this.#storage.get<Lease>(leaseName(name))) ?? { fence: 0, until: 0 }
  }

  async #grant(name: string, { ticket, lease }: { ticket: string; lease: number }): Promise<number> {
    const before = await this.#leaseOf(name)
    const fence = before.ticket === ticket ? before.fence : before.fence + 1
    await this.#storage.put<Lease>(leaseName(name), { ...before, fence, ticket, until: Date.now() + lease })
    if ((await this.#storage.getAlarm()) === null) await this.#storage.setAlarm(Date.now() + sweepAfter)
    return fence
  }

  #wait(
    name: string,
    { ticket, lease, patience, until }: { ticket: string; lease: number; patience: number; until: number },
  ): Promise<number | undefined> {
    return new Promise((resolve) => {
      const settle = (fence: number | undefined) => {
        clearTimeout(timer)
        const left = (this.#waiting.get(name) ?? []).filter((waiter) => waiter !== mine)
        if (left.length === 0) this.#waiting.delete(name)
        else this.#waiting.set(name, left)
        resolve(fence)
      }
      const mine: Waiter = { ticket, lease, settle }
      const timer = setTimeout(() => settle(undefined), patience)
      const queue = this.#waiting.get(name) ?? []
      // a ticket that asks again retains its place; its first request is answered without a turn
      const former = queue.find((waiter) => waiter.ticket === ticket)
      const inPlace = queue.map((waiter) => (waiter === former ? mine : waiter))
      this.#waiting.set(name, former === undefined ? [...queue, mine] : inPlace)
      former?.settle(undefined)
      this.#checkAgainAt(name, until)
    })
  }

  /** A holder that died sends no release, so its lease is checked again when it expires. */
  #checkAgainAt(name: string, until: number): void {
    setTimeout(() => void this.#next(name), Math.max(0, until - Date.now()) + 1)
  }

  /** Gives the lock to the ticket that has waited longest, if it is free. */
  async #next(name: string): Promise<void> {
    const { until } = await this.#leaseOf(name)
    const [first] = this.#waiting.get(name) ?? []
    if (first === undefined) return
    if (until > Date.now()) return this.#checkAgainAt(name, until)
    first.settle(await this.#grant(name, first))
  }
}
