import * as base64url from 'jose/base64url'

const encoder = /* @__PURE__ */ new TextEncoder()

/** The first 128 bits of the SHA-256 of `text`, base64url: names a thing without showing it. */
export async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', encoder.encode(text))
  return base64url.encode(new Uint8Array(hash, 0, 16))
}
