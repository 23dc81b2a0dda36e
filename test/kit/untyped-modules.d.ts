declare module 'oidc-provider' {
  import type { Server } from 'node:http'

  export default class Provider {
    constructor(issuer: string, configuration: object)
    listen(port: number, host: string): Server
    // biome-ignore lint/suspicious/noExplicitAny: the events of a package without types
    on(name: string, listener: (...args: any[]) => void): void
  }

  export const interactionPolicy: {
    base(): { get(prompt: string): { readonly checks: { remove(name: string): void } } }
  }
}

declare module 'hjson' {
  const hjson: { parse(text: string): unknown; stringify(value: unknown, options?: object): string }
  export default hjson
}
