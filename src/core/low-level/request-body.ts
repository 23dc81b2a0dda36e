import { form, type Parameters } from '../ims/request-parameters.ts'
import { badOption } from '../options.ts'

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
export async function bodyOf(parameters: Parameters): Promise<URLSearchParams | FormData | Blob> {
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
    streamed.on('error', () => reject(badOption('the form could not be read; check the streams and files in it')))
    streamed.on('end', () => resolve(new Blob(chunks, { type })))
    streamed.resume()
  })
}
