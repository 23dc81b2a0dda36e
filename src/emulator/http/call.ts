import type { Provider } from '../provider.ts'
import { Refusal } from './refusal.ts'

/** One parsed request. */
export interface EmulatorCall {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  /** Of the query and of the body, urlencoded or multipart; the body wins. */
  readonly params: Params
  /** The body if it is JSON; `undefined` if it is something else or malformed. */
  readonly json?: unknown
  /** The version at the end of the path; 0 (the oldest version) without one. */
  readonly version: number
  /** Texts for the overview, such as why the request was rejected. */
  readonly notes: string[]
  /** Why the body could not be read. */
  readonly problem?: Refusal
}

/** Answers one kind of request. */
export type Handler = (call: EmulatorCall, provider: Provider) => Response | Promise<Response>

/** Request parameters. As in IMS, an empty parameter counts as absent, and the last of several is used. */
export interface Params {
  get(name: string): string | null
  entries(): [string, string][]
}

/** The value of a parameter that a request must have. */
export function requireParameter({ params }: Pick<EmulatorCall, 'params'>, name: string): string {
  const value = params.get(name)
  if (value === null) throw new Refusal(400, 'invalid_request', `missing ${name} parameter`)
  return value
}

const maxBodyBytes = 1_000_000
const maxParts = 1_000
const tooLarge = () => new Refusal(413, 'invalid_request', 'request body too large')

async function readForm(request: Request): Promise<[string, string][] | Refusal> {
  const type = request.headers.get('content-type') ?? ''
  if (request.method !== 'POST') return []
  const [, kind] = /^(application\/x-www-form-urlencoded|multipart\/form-data)/i.exec(type) ?? []
  if (kind === undefined) return []
  if (Number(request.headers.get('content-length')) > maxBodyBytes) return tooLarge()
  try {
    const body = await request.arrayBuffer()
    if (body.byteLength > maxBodyBytes) return tooLarge()
    return kind.toLowerCase() === 'multipart/form-data'
      ? await readMultipart(body, type)
      : [...new URLSearchParams(new TextDecoder().decode(body))]
  } catch {
    return new Refusal(400, 'invalid_request', 'malformed request body')
  }
}

async function readMultipart(body: ArrayBuffer, type: string): Promise<[string, string][] | Refusal> {
  // runtimes need more than linear time for many parts
  if (new TextDecoder('latin1').decode(body).split('\n--').length > maxParts) return tooLarge()
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  return [...form].map(([name, value]) => [name, typeof value === 'string' ? value : ''])
}

async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type') ?? ''
  if (request.method !== 'POST' || !/^application\/json\b/i.test(type)) return undefined
  if (Number(request.headers.get('content-length')) > maxBodyBytes) return undefined
  try {
    const text = await request.text()
    return text.length > maxBodyBytes ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function toParams(entries: [string, string][]): Params {
  const byName = new Map(entries)
  return { get: (name) => byName.get(name) || null, entries: () => entries }
}

/** Reads query and body. */
export async function readCall(request: Request): Promise<EmulatorCall> {
  const url = new URL(request.url)
  const form = await readForm(request)
  const json = await readJson(request)
  const problem = form instanceof Refusal ? form : undefined
  return {
    method: request.method,
    url,
    headers: request.headers,
    ...(json === undefined ? {} : { json }),
    params: toParams([...url.searchParams, ...(form instanceof Refusal ? [] : form)]),
    version: Number(/\/v(\d+)(?:\/|$)/.exec(url.pathname)?.[1] ?? 0),
    notes: [],
    ...(problem === undefined ? {} : { problem }),
  }
}

/** The token of `Authorization: Bearer`. */
export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
}

/** A cookie's value. */
export function readCookie(headers: Headers, name: string): string | undefined {
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim().split('='))
  return pairs.find(([key]) => key === name)?.[1]
}
