import { UnavailableError } from './errors.ts'
import { safeCause } from './redact.ts'

/**
 * A part of this library that is loaded at its first use: a client with a valid token never needs it. It is loaded once;
 * after a load that failed, the next call tries again.
 *
 * @returns a function that resolves to the part, or rejects with `NETWORK_FAILED` if it cannot be loaded
 */
export function lazy<Part>(load: () => Promise<Part>): () => Promise<Part> {
  let loaded: Part | undefined
  return async () => {
    if (loaded !== undefined) return loaded
    try {
      loaded = await load()
      return loaded
    } catch (error) {
      const message =
        'A part of imskit could not be loaded. Check the network, and whether the app was updated meanwhile.'
      throw new UnavailableError('NETWORK_FAILED', message, { cause: safeCause(error) })
    }
  }
}
