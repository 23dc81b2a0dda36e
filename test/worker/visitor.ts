import type { RunningEmulator } from '../../src/emulator/index.ts'

/** What a site is asked with: a socket, a worker, or the handler itself. */
export type Send = (url: string, init: RequestInit) => Promise<Response>

export interface Told {
  readonly signedIn: boolean
  readonly user?: { readonly sub: string }
  readonly expiresAt?: number
  readonly csrfToken?: string
}

/** A browser with cookies and no script, as far as a backend for a page needs one. */
export function createVisitor(origin: string, send: Send = (url, init) => fetch(url, init)) {
  const jar = new Map<string, string>()

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await send(origin + path, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  const locationOf = (response: Response) => {
    const location = response.headers.get('location')
    if (location === null) throw new Error(`no redirect but ${response.status}`)
    return new URL(location, origin)
  }

  const visitor = {
    jar,
    ask,
    /** As far as IMS; resolves to the callback. */
    async goToIms(query = ''): Promise<URL> {
      const begun = await ask(`/auth/login${query}`)
      return locationOf(await fetch(locationOf(begun), { redirect: 'manual' }))
    },
    comeBack: (callback: URL) => ask(callback.pathname + callback.search),
    async signIn(query = ''): Promise<Response> {
      return visitor.comeBack(await visitor.goToIms(query))
    },
    async session(): Promise<Told> {
      return (await (await ask('/auth/session')).json()) as Told
    },
    /** As the page's own script does it. */
    async call(path: string, init: RequestInit = {}): Promise<Response> {
      const { csrfToken = '' } = await visitor.session()
      return ask(path, { ...init, headers: { ...(init.headers as object), 'x-csrf-token': csrfToken } })
    },
    /** Another browser with the same cookies. */
    copy() {
      const other = createVisitor(origin, send)
      for (const [name, value] of jar) other.jar.set(name, value)
      return other
    },
  }
  return visitor
}

export type Visitor = ReturnType<typeof createVisitor>

/** How many token requests of this kind succeeded. */
export const granted = ({ requests }: RunningEmulator, grant: string) =>
  requests.filter(({ params, status }) => params.grant_type === grant && status === 200).length

/**
 * Requests `path` of the API with twenty tabs at once, when a token that lives for `lifetime` ms has lost half of its life.
 *
 * @returns the statuses of their answers, those of the renewals that IMS was asked for, and how many of these there may be:
 *   if the machine is slow, the new token is due again before all requests have been answered
 */
export async function askAtOnce(
  emulator: RunningEmulator,
  { browser, lifetime, path = '/api/echo' }: { browser: Visitor; lifetime: number; path?: string },
): Promise<{ answers: number[]; renewals: number[]; most: number }> {
  const { csrfToken = '' } = await browser.session()
  await new Promise((resolve) => setTimeout(resolve, lifetime / 2))
  const [since, began] = [emulator.requests.length, Date.now()]
  const tabs = Array.from({ length: 20 }, () => browser.copy())
  const ask = (tab: Visitor) => tab.ask(path, { headers: { 'x-csrf-token': csrfToken } })
  const answers = await Promise.all(tabs.map(ask))
  const asked = emulator.requests.slice(since).filter(({ params }) => params.grant_type === 'refresh_token')
  const most = 1 + Math.floor((Date.now() - began) / (lifetime / 4))
  return { answers: answers.map(({ status }) => status), renewals: asked.map(({ status }) => status), most }
}
