import type { Arrival } from '../ports.ts'

/** The answer in the address of this page: read once, for any number of calls. */
export interface Landing<T> {
  /** Finishes the login that the address of this page answers; `undefined` if no such login is waited for here. */
  read(): Promise<T | undefined>
  forget(): void
}

export interface LandingOptions<T> {
  readonly arrival: Arrival | undefined
  /** Whether `url` answers a login that was started here. */
  readonly isOurs: (url: URL) => Promise<boolean>
  /** Finishes the login that `url` answers. Rejects if the code for it could not be loaded. */
  readonly finish: (arrival: Arrival, url: URL) => Promise<{ readonly result: Promise<T | undefined> }>
}

interface State<T> extends LandingOptions<T> {
  /** The addresses that the page has had since its answer was read. */
  places: string[]
  result: Promise<T | undefined> | undefined
  /** An answer that could not be read: the next call tries again. */
  unread: URL | undefined
}

export function createLanding<T>(options: LandingOptions<T>): Landing<T> {
  const state: State<T> = { ...options, places: [], result: undefined, unread: undefined }
  return {
    read: () => read(state),
    forget() {
      state.places = []
      state.result = undefined
    },
  }
}

async function read<T>(state: State<T>): Promise<T | undefined> {
  const { arrival } = state
  if (arrival === undefined) return undefined
  const here = arrival.here()
  // a page that is rendered twice asks twice, after the address was cleared or written back by a router
  if (state.places.includes(here)) return state.result
  const url = arrival.url() ?? state.unread
  if (url === undefined) return undefined
  state.unread = undefined
  state.places = [here]
  state.result = land(state, arrival, url)
  return state.result
}

async function land<T>(state: State<T>, arrival: Arrival, url: URL): Promise<T | undefined> {
  const { places } = state
  const retry = (error: unknown) => {
    state.unread = url
    state.places = []
    throw error
  }
  const ours = await state.isOurs(url).catch(retry)
  // as early as possible; an answer to any other login stays where it is
  if (ours) arrival.clear(url)
  places.push(arrival.here())
  const { result } = await state.finish(arrival, url).catch(retry)
  // a router may have written back the address that it read when it started
  return ours ? result.finally(() => arrival.clear(url)) : result
}
