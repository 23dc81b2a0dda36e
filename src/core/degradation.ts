import type { Report } from './events.ts'

/** Tells every client of a platform that its store is degraded. */
export interface Degradation {
  readonly onDegraded: (reason: string) => void
  readonly report: (emit: Report) => void
}

/**
 * Clients receive each reason, also if they are created after it. They are not retained: a server may create one for
 * each request.
 */
export function degradation(): Degradation {
  const clients = new Set<WeakRef<Report>>()
  const reasons = new Set<string>()
  return {
    onDegraded(reason) {
      reasons.add(reason)
      for (const client of clients) client.deref()?.({ type: 'store-degraded', reason })
    },
    report(emit) {
      for (const client of clients) if (client.deref() === undefined) clients.delete(client)
      clients.add(new WeakRef(emit))
      for (const reason of reasons) emit({ type: 'store-degraded', reason })
    },
  }
}
