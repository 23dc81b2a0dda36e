/** A text encrypted with AES-GCM, and the initialization vector (IV) that decrypts it. */
export interface EncryptedText {
  readonly iv: Uint8Array<ArrayBuffer>
  readonly encrypted: ArrayBuffer
}

/** Encrypts `text` with AES-GCM and a random IV. It can be decrypted only as the value of the same `name`. */
export async function encryptText(key: CryptoKey, text: string, name: string): Promise<EncryptedText> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  return { iv, encrypted: await crypto.subtle.encrypt(aesGcm(iv, name), key, bytesOf(text)) }
}

/** @throws {DOMException} if the text was encrypted with another key, for another name, or was changed */
export async function decryptText(
  key: CryptoKey,
  { iv, encrypted }: { readonly iv: BufferSource; readonly encrypted: BufferSource },
  name: string,
): Promise<string> {
  return new TextDecoder().decode(await crypto.subtle.decrypt(aesGcm(iv, name), key, encrypted))
}

/**
 * Derives a key for AES-256-GCM from `secret` with HKDF-SHA-256 (RFC 5869). Each `purpose` gets a different key.
 */
export async function deriveKey(secret: Uint8Array<ArrayBuffer>, purpose: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: bytesOf(purpose) }
  return crypto.subtle.deriveKey(hkdf, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/** The name is authenticated, so that an attacker who can write to the storage cannot swap two values. */
function aesGcm(iv: BufferSource, name: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: bytesOf(name) }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}
