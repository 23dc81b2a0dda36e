import * as base64url from 'jose/base64url'
import { Refusal } from '../http/refusal.ts'
import type { CodeBinding } from './token-ledger.ts'

const unreserved = /^[A-Za-z0-9\-._~]{43,128}$/

async function sha256Base64Url(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return base64url.encode(new Uint8Array(digest))
}

/** The challenge of an authorization request. The method defaults to `plain`, as at IMS. */
export function readChallenge(value: string | null, method: string | null): CodeBinding['challenge'] {
  if (value === null) return undefined
  if (method !== null && method !== 'S256' && method !== 'plain') {
    throw new Refusal(400, 'invalid_request', 'unsupported code_challenge_method')
  }
  if (!unreserved.test(value)) throw new Refusal(400, 'invalid_request', 'invalid code_challenge')
  return { value, method: method ?? 'plain' }
}

/** Whether the verifier matches the challenge (RFC 7636, section 4.6); a verifier without a challenge never matches. */
export async function answersChallenge(verifier: string | null, challenge: CodeBinding['challenge']): Promise<boolean> {
  if (challenge === undefined) return verifier === null
  if (verifier === null || !unreserved.test(verifier)) return false
  return challenge.value === (challenge.method === 'S256' ? await sha256Base64Url(verifier) : verifier)
}
