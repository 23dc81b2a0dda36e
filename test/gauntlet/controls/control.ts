// used in the pages of the controls

/** What the harness does with a page of another library. */
export interface Control {
  login(): Promise<void>
  signedIn(): Promise<boolean>
}

declare global {
  interface Window {
    readonly otherLibrary: Control
  }
}

export interface ControlConfig {
  readonly endpoint: string
  readonly clientId: string
  readonly actor: string
}

export const config: ControlConfig = JSON.parse(
  document.querySelector<HTMLMetaElement>('meta[name=config]')?.content ?? '{}',
)

/** Where a login comes back to. */
export const here = `${location.origin}${location.pathname}`

export const comesBack = new URLSearchParams(location.search).has('code')

/** Names the library to the server, as the library itself would not. */
export function nameRequests(): void {
  const send = window.fetch.bind(window)
  window.fetch = (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set('x-actor', config.actor)
    return send(input, { ...init, headers })
  }
}

export function show(control: Control): void {
  Object.assign(window, { otherLibrary: control })
}
