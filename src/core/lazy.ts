import { UnavailableError } from './errors.ts'
import { safeCause } from './redact.ts'

const parts: (() => Promise<unknown>)[] = []

/**
 * A part of this library that is loaded at its first use: a client with a valid token never needs it. It is loaded once;
 * after a load that failed, the next call tries again.
 *
 * @returns a function that resolves to the part, or rejects with `NETWORK_FAILED` if it cannot be loaded
 */
export function lazy<Part>(load: () => Promise<Part>): () => Promise<Part> {
  let loaded: Part | undefined
  const part = async () => {
    if (loaded !== undefined) return loaded
    try {
      loaded = await load()
      return loaded
    } catch (error) {
      const message =
        'A part of imskit could not be loaded. Check the network, or reload the page if the app was updated.'
      throw new UnavailableError('NETWORK_FAILED', message, { cause: safeCause(error), details: { reason: 'reload' } })
    }
  }
  parts.push(part)
  return part
}

/**
 * Loads every part of imskit in this bundle that is otherwise loaded at its first use. Call it after a sign-in: a part
 * whose file was removed by a later deployment could not be loaded any more.
 *
 * @example
 * client.on('login', () => void preload().catch(() => {}))
 *
 * @throws {UnavailableError} `NETWORK_FAILED` with `details.reason` `reload` if a part cannot be loaded
 */
export async function preload(): Promise<void> {
  await Promise.all(parts.map((part) => part()))
}
