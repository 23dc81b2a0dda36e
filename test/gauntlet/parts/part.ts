import { browse } from '../../kit/oidc-op.ts'
import type { Judge } from '../judge/state.ts'
import type { Front } from '../server/front.ts'

/** What every part is given. */
export interface Setting {
  readonly judge: Judge
  readonly fronts: readonly Front[]
  /** Where the bundles of the children lie. */
  readonly bundles: string
  /** A directory for the run. */
  readonly scratch: string
  /** The origin that serves the page; a redirect URI of `oidc-provider`. */
  readonly origin: string
}

/** Clients of one kind: tabs, processes, isolates. They share a session at each server. */
export interface Part {
  readonly name: string
  /** Something happens to a client; `gentle` if it must not destroy an answer. */
  disturb(gentle: boolean): Promise<void>
  /** Signs the clients in at `front`, through one of them. */
  signIn(front: Front): Promise<void>
  /** The client of that name is ended at once, if it is one of this part. */
  kill(actor: string): void
  /** Puts everything right again: what was stopped goes on, what was taken away comes back. */
  calm(): Promise<void>
  /** ms of running time that the longest call under way has been waiting for */
  waiting(): number
  /** Ends all clients and counts what they leave behind. */
  end(): Promise<void>
  /** Whether a client can tell what it leaves behind. */
  readonly countsHandles: boolean
  /** What could not be tried here, and why. */
  readonly omitted: readonly string[]
}

/** Runs `act` while no server has a redemption under way: it destroys no answer. `false`: it was not run. */
export function quietly(fronts: readonly Front[], act: () => Promise<void> | void): Promise<boolean> {
  const [first, ...rest] = fronts
  if (first === undefined) return Promise.resolve(act()).then(() => true)
  let acted = false
  return first
    .quietly(async () => {
      acted = await quietly(rest, act)
    })
    .then((quiet) => quiet && acted)
}

/** The user's half of a login: from the authorization URL to the URL that the user comes back on. */
export async function visit(authorizationUrl: string, redirectUri: string): Promise<string> {
  return (await browse(authorizationUrl, redirectUri)).href
}

/** One of `list`, or `undefined` if it is empty. */
export function oneOf<T>(list: readonly T[]): T | undefined {
  return list[Math.floor(Math.random() * list.length)]
}

/** ms, mostly short */
export const aWhile = (longest: number) => 300 + Math.random() ** 2 * longest
