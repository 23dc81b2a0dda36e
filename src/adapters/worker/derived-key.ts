/**
 * A key for AES-256-GCM that HKDF-SHA-256 (RFC 5869) derives from a secret; `purpose` keeps the keys of one secret apart.
 */
export async function derivedKey(secret: Uint8Array<ArrayBuffer>, purpose: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
  const from = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode(purpose) }
  const use = { name: 'AES-GCM', length: 256 }
  return crypto.subtle.deriveKey(from, material, use, false, ['encrypt', 'decrypt'])
}
