import { createPublicKey, verify } from 'node:crypto'
import { claimsOf, getTokenHeader } from '../../../../core/ims/decode-token.ts'
import { isObject } from '../../../../core/json.ts'
import type { Json } from '../../../../core/ports.ts'
import { REDACTED, redactText } from '../../../../core/redact.ts'
import { absent, base } from './expectations.ts'

/** The facts of an answer by name, as texts without secrets and ids. */
export type Facts = Readonly<Record<string, string>>

/** An unprocessed answer of IMS. */
export interface ProbeAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The text parsed as JSON; `undefined` if it is not JSON. */
  readonly body: Json | undefined
}

/** Converts untrusted values into printable text. */
export type Show = (value: Json | undefined) => string

const mostMembers = 100
const longest = 400

/** Converts untrusted values into text without `secrets`, long ids and email addresses; the base URL becomes `{ims}`. */
export function showing(endpoint: string, secrets: readonly string[]): Show {
  const clean = (text: string) =>
    redactText(text.replaceAll(endpoint, base), secrets)
      .replace(/[\w+=-]{24,}/g, (run) => (/[0-9A-Z]/.test(run) ? REDACTED : run))
      .replace(/(?<![\w.+-])[\w.+-]+@[\w.-]+/g, REDACTED)
      .slice(0, longest)
  return (value) => {
    if (value === undefined) return absent
    if (typeof value === 'string') return clean(value)
    if (Array.isArray(value)) return clean(sorted(value.slice(0, mostMembers).map(String)))
    return clean(JSON.stringify(value))
  }
}

const sorted = (words: readonly string[]) => [...words].sort().join(', ')

/** The members of an answer, as an object. */
export function answerMembers({ body }: ProbeAnswer): Readonly<Record<string, Json>> {
  return isObject(body) ? (body as Record<string, Json>) : {}
}

/** The facts that every answer has, and the error of a refusal. */
export function commonFacts(answer: ProbeAnswer, show: Show): Facts {
  const { status, headers } = answer
  const { error, error_description } = answerMembers(answer)
  const location = headers.get('location')
  return {
    status: String(status),
    ...(answer.text !== '' && { type: show(headers.get('content-type')?.split(';')[0]?.toLowerCase()) }),
    ...(location !== null && { 'error in Location': show(errorIn(location)) }),
    ...(error !== undefined && { error: show(error) }),
    ...(error_description !== undefined && { error_description: show(error_description) }),
  }
}

function errorIn(location: string): string | undefined {
  const here = 'https://ims.invalid'
  return URL.canParse(location, here) ? (new URL(location, here).searchParams.get('error') ?? undefined) : undefined
}

/** Every member of a metadata document. */
export function metadataFacts(answer: ProbeAnswer, show: Show): Facts {
  const members = Object.entries(answerMembers(answer)).slice(0, mostMembers)
  return Object.fromEntries(members.map(([name, value]) => [show(name), show(value)]))
}

export function keyFacts(answer: ProbeAnswer, show: Show): Facts {
  const keys = keysOf(answer)
  const all = (name: string) => show([...new Set(keys.map((key) => show(key[name])))])
  return {
    kty: all('kty'),
    alg: all('alg'),
    use: all('use'),
    kid: all('kid'),
    'key members': show([...new Set(keys.flatMap((key) => Object.keys(key)))]),
    'cache-control': show(answer.headers.get('cache-control') ?? undefined),
  }
}

/** The keys of a JWKS. */
export function keysOf(answer: ProbeAnswer): readonly Readonly<Record<string, Json>>[] {
  const { keys } = answerMembers(answer)
  return Array.isArray(keys) ? (keys.filter(isObject) as Record<string, Json>[]).slice(0, mostMembers) : []
}

/** The facts of a token response, without the token itself. */
export function tokenFacts(answer: ProbeAnswer, show: Show, keys: readonly object[]): Facts {
  const members = answerMembers(answer)
  const { access_token, token_type, expires_in } = members
  if (access_token === undefined) return {}
  return {
    members: show(Object.keys(members)),
    token_type: show(token_type),
    expires_in: unitOf(expires_in),
    ...contentFacts(String(access_token), show, keys),
  }
}

function unitOf(lifetime: Json | undefined): string {
  if (typeof lifetime !== 'number') return lifetime === undefined ? absent : typeof lifetime
  return lifetime >= 1_000_000 ? 'milliseconds' : 'seconds'
}

const registered = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat']

function contentFacts(token: string, show: Show, keys: readonly object[]): Facts {
  const claims = claimsOf(token)
  if (claims === undefined) return { 'access token': 'opaque' }
  const header = getTokenHeader(token) as Record<string, Json>
  const found = registered.filter((name) => name in claims)
  return {
    'access token': 'JWT',
    'header members': show(Object.keys(header)),
    alg: show(header.alg),
    itt: show(header.itt),
    x5u: header.x5u === undefined ? absent : URL.canParse(String(header.x5u)) ? 'URL' : 'file name',
    signature: keys.some((key) => isSignedBy(token, key)) ? 'by a key of /ims/keys' : 'by no key of /ims/keys',
    [registered.join(', ')]: found.length === 0 ? absent : show(found),
    claims: show(Object.keys(claims)),
  }
}

function isSignedBy(token: string, jwk: object): boolean {
  const end = token.lastIndexOf('.')
  try {
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return verify('RSA-SHA256', Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), 'base64url'))
  } catch {
    return false
  }
}

export function validityFacts(answer: ProbeAnswer, show: Show): Facts {
  const { valid, reason, token } = answerMembers(answer)
  const members = isObject(token) ? Object.keys(token) : undefined
  return {
    valid: show(valid),
    ...(reason !== undefined && { reason: show(reason) }),
    ...(members !== undefined && {
      'token members': show(members),
      'scope in token': members.includes('scope') ? 'present' : absent,
    }),
  }
}

export function emptyFacts({ text }: ProbeAnswer): Facts {
  return { body: text === '' ? 'empty' : 'present' }
}
