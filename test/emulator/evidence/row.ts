// the form of the table: what was asked of IMS, what it answered, and who says so

/** `A` recorded from the live service or official documentation, `B` a client by Adobe or a third party's measurement, `C` one third party's word. */
export type Confidence = 'A' | 'B' | 'C'

/** Describes a value that is not the same each time. `sample` is what was recorded, or a made-up value of the same form. */
export type Matcher =
  | { readonly $: 'text'; readonly sample: string }
  | { readonly $: 'like'; readonly pattern: string; readonly sample: string }
  | { readonly $: 'between'; readonly from: number; readonly to: number; readonly sample: number }
  | { readonly $: 'absent' }
  | { readonly $: 'list'; readonly item: Shape; readonly empty?: boolean }
  | { readonly $: 'scopes'; readonly has?: readonly string[]; readonly lacks?: readonly string[] }
  | { readonly $: 'jwt'; readonly header: Members; readonly claims: Members }

export type Members = { readonly [name: string]: Shape }
/** A value as JSON, in which matchers stand for what varies. An object may have more members than are named. */
export type Shape = string | number | boolean | null | Matcher | readonly Shape[] | Members

export const text = (sample = 'text'): Matcher => ({ $: 'text', sample })
export const like = (pattern: RegExp, sample: string): Matcher => ({ $: 'like', pattern: pattern.source, sample })
export const between = (from: number, to: number, sample: number): Matcher => ({ $: 'between', from, to, sample })
export const absent: Matcher = { $: 'absent' }
export const list = (item: Shape): Matcher => ({ $: 'list', item })
export const maybeEmptyList = (item: Shape): Matcher => ({ $: 'list', item, empty: true })
export const scopes = (has: readonly string[], lacks: readonly string[] = []): Matcher => ({ $: 'scopes', has, lacks })
export const jwt = (claims: Members = {}, header: Members = {}): Matcher => ({ $: 'jwt', header, claims })

/** Lifetimes as IMS reports them: a little less than 24 hours. */
export const seconds = between(86_390, 86_400, 86_399)
export const milliseconds = between(86_390_000, 86_400_000, 86_399_985)

/**
 * A request. Text in braces stands for what is made for the row: `{code}`, `{access_token}`, `{refresh_token}`,
 * `{assertion expired}` and so on; `{endpoint}` is the base URL.
 */
export interface Call {
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  /** Another host than that of IMS. */
  readonly host?: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly json?: Members
  /** The form goes as `multipart/form-data`. */
  readonly multipart?: true
  /** `client_id:client_secret` */
  readonly basic?: string
  readonly bearer?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What the user does at the sign-in page; default: signs in and consents. */
  readonly user?: 'refuses' | 'is signed out' | 'has not consented'
}

/** An answer, as far as it is known. */
export interface Answer {
  readonly status: number
  readonly headers?: Members
  readonly body?: Shape
  /** There are no members but those of `body`. */
  readonly exact?: true
  /** A body that is no JSON. */
  readonly text?: string
  /** Where `Location` leads, and what it adds to the query or the fragment. */
  readonly redirect?: { readonly to: string; readonly query?: Members; readonly fragment?: Members }
}

/**
 * What an answer means to an app: the request was granted; the request or the credential is wrong (`refused`); the
 * code or refresh token is worth nothing any more (`over`); the user must act (`user`); the user did not want to
 * (`denied`); the bearer token is not accepted (`bearer`); IMS cannot answer now (`later`).
 */
export type Meaning = 'granted' | 'refused' | 'over' | 'user' | 'denied' | 'bearer' | 'later'

/** How the user of the row signed in, before the call. */
export interface SignIn {
  readonly client?: 'web-app' | 'page-app' | 'old-web-app'
  readonly scope?: string
  readonly parameters?: Readonly<Record<string, string>>
  /** Which method is named with the challenge; default `S256`. */
  readonly pkce?: 'S256' | 'no method'
}

interface RowBase {
  /** Unique; stays when the text changes. */
  readonly id: string
  readonly fact: string
  /** What another source says, and why the table follows this one. */
  readonly conflict?: string
  readonly signIn?: SignIn
  /** How far the clock moves between what is made for the row and the call, in ms. */
  readonly later?: number
  readonly call: Call
  /** Of an answer that is no success; default `granted` up to 399, else `refused`. */
  readonly meaning?: Meaning
}

export interface KnownRow extends RowBase {
  readonly source: string
  readonly confidence: Confidence
  readonly answer: Answer
}

/** A question that no public source answers. */
export interface UnknownRow extends RowBase {
  readonly answer: 'unknown'
  /** What the emulator does until someone knows. */
  readonly assumed?: Answer
}

export type Row = KnownRow | UnknownRow

export interface Section {
  readonly title: string
  readonly intro?: string
  readonly rows: readonly Row[]
  /** Why the emulator cannot be asked: these rows are fed to the SDK only. */
  readonly notEmulated?: string
}

export const isKnown = (row: Row): row is KnownRow => row.answer !== 'unknown'

/** IMS's error envelope. */
export function refusal(status: number, error: string, description?: Shape): Answer {
  return { status, body: { error, ...(description !== undefined && { error_description: description }) } }
}

/** The sources that many rows name. */
export const sources = {
  userDocs: 'Adobe developer documentation, User Authentication (API reference)',
  userGuide: 'Adobe developer documentation, User Authentication (implementation guide)',
  serverDocs: 'Adobe developer documentation, Server to Server Authentication (API reference)',
  adminDocs: 'Adobe developer documentation, Admin Authentication (API reference)',
  jwtDocs: 'Adobe developer documentation, JWT authentication (removed June 2025)',
  oldDocs: 'AdobeDocs/adobeio-auth, OAuth 2.0 guides (history)',
  captures: 'Captures of 13 August 2026: api-evangelist/adobe-suite and adobe-analytics, well-known files',
  imsGo: 'adobe/ims-go 0.25',
  imscli: 'adobe/imscli 0.17',
  aioLibIms: '@adobe/aio-lib-ims 8.1',
  coreAuth: '@adobe/aio-lib-core-auth 1.1',
  spacecat: 'adobe/spacecat-shared, IMS client',
  frameio: 'aiscalestudio/frameio-mcp, spike against the live service',
  slicc: 'ai-ecoverse/slicc, Adobe provider',
  token2022: 'A public `aio login` token of 2022, decoded',
} as const
