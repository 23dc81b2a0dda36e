import { type Call, type ImsRequest, urlOf } from '../ims/call.ts'
import { send } from '../ims/http.ts'
import { bearer, form, type RequestParameters, withQuery } from '../ims/request-parameters.ts'
import { badOption } from '../options.ts'
import type { Untyped } from './untyped.ts'

/** The token and the parameters of a request to an API path. */
interface RawRequest {
  readonly token: string | undefined
  readonly parameters: RequestParameters
}

/** Sends a `GET` with `parameters` in the query; resolves to the JSON of the answer, or to its text if it is not JSON. */
export function getJson(call: Call, api: string, { token, parameters }: RawRequest): Promise<Untyped> {
  const url = withQuery(urlOf(call, api), parameters)
  return sendForJson(call, { url, method: 'GET', headers: bearer(token) })
}

/** Like {@link getJson}, but a `POST` with `parameters` in the body. */
export async function postJson(call: Call, api: string, { token, parameters }: RawRequest): Promise<Untyped> {
  const body = await bodyOf(parameters)
  return sendForJson(call, { url: urlOf(call, api), method: 'POST', headers: bearer(token), body })
}

async function sendForJson(call: Call, request: ImsRequest): Promise<Untyped> {
  const { text } = await send(call, request)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A form of the package `form-data`, which is a stream of Node.js. */
interface StreamedForm {
  getHeaders(): Readonly<Record<string, string>>
  on(event: string, listener: (value: never) => void): unknown
  resume(): unknown
}

/**
 * The body of a `POST` with `parameters`. A form of the package `form-data` is read to its end, so that the request can
 * be repeated.
 */
async function bodyOf(parameters: RequestParameters): Promise<URLSearchParams | FormData | Blob> {
  if (isStreamed(parameters)) return readForm(parameters)
  return parameters instanceof FormData ? parameters : form(parameters)
}

function isStreamed(parameters: object): parameters is StreamedForm {
  const { getHeaders, on, resume } = Object(parameters) as Partial<StreamedForm>
  return [getHeaders, on, resume].every((method) => typeof method === 'function')
}

function readForm(streamed: StreamedForm): Promise<Blob> {
  const type = streamed.getHeaders()['content-type'] ?? ''
  const chunks: BlobPart[] = []
  return new Promise((resolve, reject) => {
    streamed.on('data', (chunk: BlobPart) => chunks.push(chunk))
    streamed.on('error', () => reject(badOption('The form could not be read; check the streams and files in it')))
    streamed.on('end', () => resolve(new Blob(chunks, { type })))
    streamed.resume()
  })
}
