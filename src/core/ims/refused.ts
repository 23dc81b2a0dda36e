import { redactText } from '../redact.ts'
import { isLoopback } from './environment.ts'

/** The reason that IMS gives for a refusal. */
export interface Refused {
  readonly imsError?: string
  readonly imsErrorDescription?: string
  /** `details` of the error: `jump` is the address on which the user can remove the cause of a `ride_*` error. */
  readonly details?: { readonly jump: string }
}

/**
 * Reads the reason of a refusal for errors and events: bounded, on one line and without secrets.
 *
 * @param field the value of a member of the JSON body, or of a parameter of an address
 */
export function readRefusal(field: (name: string) => unknown, secrets: readonly string[] = []): Refused {
  const text = (name: string, most: number) => {
    const value = field(name)
    // shortened last: a secret that is cut in two would not be found
    return typeof value === 'string' ? redactText(value.slice(0, 5_000), secrets).slice(0, most) : ''
  }
  const [imsError, imsErrorDescription, jump] = [
    text('error', 100),
    text('error_description', 500),
    text('jump', 2_000),
  ]
  return {
    ...(imsError && { imsError }),
    ...(imsErrorDescription && { imsErrorDescription }),
    // an address that was redacted does not work
    ...(jump === field('jump') && isAddress(jump) && { details: { jump } }),
  }
}

function isAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
}

/** The error in the query or else the fragment of an address: a callback, or a redirect instead of an answer. */
export function refusalIn(url: URL, secrets?: readonly string[]): Refused {
  const { searchParams, hash } = url
  const parameters = searchParams.has('error') ? searchParams : new URLSearchParams(hash.slice(1))
  return readRefusal((name) => parameters.get(name), secrets)
}
