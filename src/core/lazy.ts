import { UnavailableError } from './errors.ts'
import { safeCause } from './redact.ts'

/**
 * A part of this library that is loaded when it is first used: who has a good token never needs it. Once loaded it is
 * kept, as asking the loader again takes its time; a load that failed is tried again by the next call.
 *
 * The function returned rejects with `NETWORK_FAILED` where the part cannot be had.
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
        'a part of imskit could not be loaded; check the network, or whether the app was updated meanwhile'
      throw new UnavailableError('NETWORK_FAILED', message, { cause: safeCause(error) })
    }
  }
}
