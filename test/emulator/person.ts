import { createHash, randomBytes } from 'node:crypto'
import type { RunningEmulator } from '../../src/emulator/index.ts'

export const callback = 'http://127.0.0.1:5555/callback'

/** Where a trip ended: on a page of the emulator, or back at the app. */
export interface Arrival {
  readonly url: URL
  readonly page?: string
  readonly status?: number
  readonly headers?: Headers
}

/** A browser with cookies and no script, as far as signing in needs one. */
export function createPerson(emulator: Pick<RunningEmulator, 'url'>) {
  const cookies = new Map<string, string>()

  async function request(url: URL, init: RequestInit = {}): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      if (/Max-Age=0/.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  async function visit(start: URL, init?: RequestInit): Promise<Arrival> {
    let url = start
    let response = await request(url, init)
    while (response.status === 302 || response.status === 303) {
      url = new URL(response.headers.get('location') ?? '', url)
      if (url.origin !== emulator.url) return { url }
      response = await request(url)
    }
    return { url, page: await response.text(), status: response.status, headers: response.headers }
  }

  return {
    cookies,
    visit: (url: string | URL) => visit(new URL(url)),
    /** Fills in the form of the page, hidden fields included, and presses the button. */
    press(arrival: Arrival, button: string, typed: Record<string, string> = {}): Promise<Arrival> {
      const inputs = [...(arrival.page ?? '').matchAll(/<input[^>]*name="([^"]+)"[^>]*>/g)]
      const filled = inputs.map(([tag, name = '']) => [name, /value="([^"]*)"/.exec(tag)?.[1] ?? ''])
      if (!arrival.page?.includes(`name="action" value="${button}"`)) throw new Error(`no button ${button}`)
      const body = new URLSearchParams({ ...Object.fromEntries(filled), ...typed, action: button })
      return visit(arrival.url, { method: 'POST', body })
    },
  }
}

export function createPkce() {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export function authorizeUrl(emulator: Pick<RunningEmulator, 'url'>, params: Record<string, string>, version = '/v2') {
  const url = new URL(`${emulator.url}/ims/authorize${version}`)
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  return url
}

/** Signs in through both forms and returns where the app was called back. */
export async function signIn(
  emulator: RunningEmulator,
  params: Record<string, string>,
  { person = createPerson(emulator), version = '/v2' } = {},
): Promise<URL> {
  const form = await person.visit(authorizeUrl(emulator, params, version))
  const next = await person.press(form, 'sign-in', { email: 'user@example.com', password: 'any' })
  // A consent given once is remembered
  return next.page === undefined ? next.url : (await person.press(next, 'allow')).url
}

/** A code for the public client, with the verifier that goes with it. */
export async function publicCode(emulator: RunningEmulator, extra: Record<string, string> = {}) {
  const { client_id, scope } = emulator.contexts.oauth_public
  const { verifier, challenge } = createPkce()
  const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
  const back = await signIn(emulator, { client_id, scope, redirect_uri: callback, ...pkce, ...extra })
  return { client_id, code: back.searchParams.get('code') ?? '', code_verifier: verifier }
}

/** Posts a form and reads the JSON answer. */
export async function post(url: string, params: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(params), headers })
  const text = await response.text()
  return { response, status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}
