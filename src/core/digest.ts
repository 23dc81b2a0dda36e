import * as base64url from './base64url.ts'

/** A digest of a text; synchronous if the runtime has a synchronous one. */
export type Digest = (text: string) => string | Promise<string>

/** The SHA-256 of `text`. */
export function hashOf(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}

/** The first 128 bits of the SHA-256 of `text`, base64url: names a thing without showing it. */
export async function digest(text: string): Promise<string> {
  return base64url.encode(new Uint8Array(await hashOf(text), 0, 16))
}
