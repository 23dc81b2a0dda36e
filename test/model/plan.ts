import fc from 'fast-check'

/** Who shares the store, and by which lock. */
export const settings = [
  // several clients in one process, with the real lock of a process
  { name: 'one process', processes: 1, lease: undefined, knows: true },
  // a file lock or Web Lock: it is free as soon as its holder is gone, and everybody knows that
  { name: 'known holders', processes: 3, lease: undefined, knows: true },
  // a Redis lock or Durable Object: it is free after a lease, and nobody knows whether the holder is gone
  { name: 'lease', processes: 3, lease: 10_000, knows: false },
  // it is free at once if its holder is gone, and after a lease if its holder is stopped; everybody knows who has it
  { name: 'lease, known holders', processes: 3, lease: 45_000, knows: true },
  // the real lock of pages, in two of them: one may have two clients
  { name: 'tabs', processes: 2, lease: 45_000, knows: true },
] as const

export type Setting = (typeof settings)[number]

export const flows = ['login', 'refreshToken', 'clientCredentials'] as const

/** What may go wrong in a run. */
export const groups = ['store', 'lock', 'network', 'ims', 'crash', 'stop', 'clock', 'changes'] as const
export type Group = (typeof groups)[number]

/** What a run is made of. Everything else follows from it. */
export interface Plan {
  readonly seed: number
  readonly setting: Setting
  readonly flow: (typeof flows)[number]
  readonly clients: number
  readonly calls: number
  /** How many things may go wrong. */
  readonly faults: number
  readonly allowed: ReadonlySet<Group>
  /** Whether IMS replaces a refresh token when it is redeemed. */
  readonly rotating: boolean
  /** Through oauth4webapi as for users, which takes longer, or straight through the request with its retries. */
  readonly library: boolean
  /** Whether IMS begins with an outage in which it takes half a minute for every answer. */
  readonly slow: boolean
}

/** All plans. Simpler ones are found by shrinking: fewer calls, clients, faults and kinds of fault. */
export const plans: fc.Arbitrary<Plan> = fc
  .tuple(
    fc.noShrink(fc.integer({ min: 0, max: 2 ** 30 })),
    fc.noShrink(fc.nat({ max: settings.length - 1 })),
    fc.noShrink(fc.nat({ max: 19 })),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 7 }),
    fc.nat({ max: 5 }),
    fc.nat({ max: 2 ** groups.length - 1 }),
    fc.noShrink(fc.nat({ max: 79 })),
  )
  .map(([seed, place, flow, clients, calls, faults, allowed, rare]) => ({
    setting: settings[place] as Setting,
    seed,
    flow,
    clients,
    calls,
    faults,
    allowed,
    rare,
  }))
  .map(({ seed, setting, flow, clients, calls, faults, allowed, rare }) => ({
    seed,
    setting,
    flow: flow === 0 ? 'clientCredentials' : flow < 5 ? 'refreshToken' : 'login',
    clients,
    calls,
    faults,
    allowed: new Set(groups.filter((_, bit) => (allowed >> bit) & 1)),
    rotating: rare % 16 !== 0,
    library: rare < 4,
    // so that one page has the lock twice in a row for longer than a lease
    slow: setting.name === 'tabs' && rare % 5 < 2,
  }))
