import type { Digest } from '../../core/digest.ts'

let hash: ((text: string) => string) | undefined

/** Computed for every look-up. It is synchronous once `node:crypto` is loaded, which takes most of the time here. */
export const sha256: Digest = (text) => (hash === undefined ? loadHash().then((digest) => digest(text)) : hash(text))

/** Uses the one-shot `hash` if the runtime has it (Node.js 20.12). */
async function loadHash(): Promise<(text: string) => string> {
  const { createHash, hash: oneShot } = await import('node:crypto')
  // one character per byte: less memory than base64url
  hash =
    typeof oneShot === 'function'
      ? (input) => oneShot('sha256', input, 'binary')
      : (input) => createHash('sha256').update(input).digest('binary')
  return hash
}
