import { plainText } from './text.ts'

/** Replaces a secret in texts and objects. */
export const REDACTED = '[redacted]'

const inspectKey = Symbol.for('nodejs.util.inspect.custom')

// a bearer header, a PEM body: what can be told from its shape alone. No pattern here may backtrack into a repetition
const bearerOrPem = [/\bBearer\s+[\w.~+/=-]{8,}/gi, /-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g]
/** Characters of untrusted text that are searched; the rest is dropped. */
const longest = 10_000

/**
 * `text` with every one of `secrets`, and whatever has the shape of a token or key, replaced by `[redacted]`, on one
 * line and without control, escape and bidi characters. All text that another program wrote goes through here (a
 * server's error description, a foreign error's message) before it becomes part of an error or event.
 */
export function redactText(text: string, secrets: Iterable<string> = []): string {
  const forms = new Set([...secrets].filter((secret) => secret.length > 3).flatMap(formsOf))
  const margin = Math.max(0, ...Array.from(forms, ({ length }) => length))
  const cut = text.length > longest + margin
  // what is invisible may stand within a secret, or be a part of it
  let clean = plainText(masked(cut ? text.slice(0, longest + margin) : text, forms))
  clean = masked(
    clean,
    [...forms].map(plainText).filter(({ length }) => length > 3),
  )
  // the cut may have left a part of a secret at the end
  if (cut) clean = clean.slice(0, Math.max(0, clean.length - margin))
  for (const shape of bearerOrPem) clean = clean.replace(shape, REDACTED)
  return clean.replace(/[\w.-]+/g, withoutJwt)
}

function masked(text: string, secrets: Iterable<string>): string {
  let clean = text
  for (const secret of secrets) clean = clean.replaceAll(secret, REDACTED)
  return clean
}

/** A run of characters that tokens are made of, from the first that starts like a JWT. */
function withoutJwt(run: string): string {
  for (let at = run.indexOf('eyJ'); at >= 0; ) {
    const dot = run.indexOf('.', at)
    if (dot < 0) return run
    if (dot - at > 10 && dot + 1 < run.length && run[dot + 1] !== '.') return run.slice(0, at) + REDACTED
    // another start before this dot would be even shorter
    at = run.indexOf('eyJ', dot)
  }
  return run
}

/** The id of a response that Adobe's support asks for (`x-debug-id`), which is untrusted text as well. */
export function requestIdOf(headers: Headers, secrets?: Iterable<string>): string | undefined {
  const id = headers.get('x-debug-id')
  return id === null ? undefined : redactText(id, secrets).slice(0, 200)
}

/** A secret as it is, and as it went over the wire: servers quote either. */
function formsOf(secret: string): string[] {
  const wellFormed = secret.replace(/\p{Cs}/gu, '\uFFFD')
  return [secret, encodeURIComponent(wellFormed), new URLSearchParams({ '': secret }).toString().slice(1)]
}

/** The parameters and properties whose values are always secret. */
export const secretNames: ReadonlySet<string> = new Set([
  'access_token',
  'refresh_token',
  'id_token',
  'token',
  'user_token',
  'subject_token',
  'promise_token',
  'authenticating_token',
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
 * A copy of another library's error that is safe as `cause`: name, message and code of it and of its own causes,
 * without the request, response or parameters that libraries attach to their errors.
 */
export function safeCause(error: unknown, secrets: Iterable<string> = [], depth = 3): Error {
  // read once only: they may come from a generator, and every cause below needs them too
  const known = [...secrets]
  if (!isError(error)) return new Error(redactText(String(error), known))
  const copy = new Error(redactText(String(error.message), known))
  copy.name = redactText(String(error.name), known).slice(0, 100)
  const code: unknown = 'code' in error ? error.code : undefined
  if (typeof code === 'string') Object.assign(copy, { code: redactText(code, known).slice(0, 100) })
  if (isError(error.cause) && depth > 0) copy.cause = safeCause(error.cause, known, depth - 1)
  return copy
}

/** Also of another realm: in the environments of Jest the errors of `fetch` and of Node are not instances of `Error`. */
export function isError(value: unknown): value is Error {
  const { name, message }: { name?: unknown; message?: unknown } = Object(value)
  return value instanceof Error || (typeof name === 'string' && typeof message === 'string')
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
