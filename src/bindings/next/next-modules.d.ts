declare module 'next/server.js' {
  export function connection(): Promise<void>
  export const NextResponse: {
    next(init?: { readonly request?: { readonly headers: Headers } }): Response
  }
}

declare module 'next/headers.js' {
  /** The same object for all callers of one request. */
  export function headers(): Promise<Pick<Headers, 'get'>>
}
