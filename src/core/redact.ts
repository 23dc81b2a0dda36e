/** What stands wherever a secret would have stood. */
export const REDACTED = '[redacted]'

const inspectKey = Symbol.for('nodejs.util.inspect.custom')

// a JWT, a bearer header, a PEM body: what can be told from its shape alone
const shapes = [
  /\beyJ[\w-]{8,}(?:\.[\w-]+){1,4}/g,
  /\bBearer\s+[\w.~+/=-]{8,}/gi,
  /-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g,
]

/**
 * `text` with every one of `secrets`, and whatever has the shape of a token or key, replaced by `[redacted]`.
 * For text that someone else wrote (a server's error description, a foreign error's message).
 */
export function redactText(text: string, secrets: Iterable<string> = []): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length > 3) for (const form of formsOf(secret)) clean = clean.replaceAll(form, REDACTED)
  }
  for (const shape of shapes) clean = clean.replace(shape, REDACTED)
  return clean
}

/** A secret as it is, and as it went over the wire: servers quote either. */
function formsOf(secret: string): Set<string> {
  const wellFormed = secret.replace(/\p{Cs}/gu, '\uFFFD')
  return new Set([secret, encodeURIComponent(wellFormed), new URLSearchParams({ '': secret }).toString().slice(1)])
}

/** The parameters and properties whose values are secret wherever they stand. */
export const secretNames: ReadonlySet<string> = new Set([
  'access_token',
  'refresh_token',
  'id_token',
  'token',
  'user_token',
  'subject_token',
  'promise_token',
  'jwt_token',
  'assertion',
  'code',
  'code_verifier',
  'client_secret',
  'client_secrets',
  'private_key',
  'passphrase',
  'authorization',
])

/**
 * A copy of a foreign error that is safe to keep as `cause`: name, message and code of it and of its own causes,
 * without the request, response or parameters that libraries like to hang on their errors.
 */
export function safeCause(error: unknown, secrets: Iterable<string> = [], depth = 3): Error {
  // read once only: they may come from a generator, and every cause below needs them too
  const known = [...secrets]
  if (!(error instanceof Error)) return new Error(redactText(String(error), known))
  const copy = new Error(redactText(error.message, known))
  copy.name = error.name
  const code: unknown = 'code' in error ? error.code : undefined
  if (typeof code === 'string') Object.assign(copy, { code })
  if (error.cause instanceof Error && depth > 0) copy.cause = safeCause(error.cause, known, depth - 1)
  return copy
}

/**
 * Makes `value` show as `shown` in `util.inspect` and the console of Node, Deno and Bun. The value itself, its
 * enumerable keys and its JSON stay as they are.
 */
export function showAs<T extends object>(value: T, shown: () => unknown): T {
  return Object.defineProperty(value, inspectKey, { value: shown, enumerable: false, configurable: true })
}

/** As {@link showAs}: `value` with the values of {@link secretNames} redacted, at any depth. */
export function hideSecrets<T extends object>(value: T): T {
  return showAs(value, () => redacted(value))
}

function redacted(value: unknown, name = ''): unknown {
  if (typeof value !== 'object' || value === null) return secretNames.has(name) ? REDACTED : value
  if (secretNames.has(name) && !('token' in value)) return REDACTED
  if (Array.isArray(value)) return value.map((item) => redacted(item))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item, key)]))
}
