import type { Fetch } from '../../core/ports.ts'

/**
 * The runtime's `fetch` without the options for cookies and the HTTP cache: some runtimes support neither, and reject a
 * request with these options.
 */
export const workerFetch: Fetch = (url, { credentials: _, cache: __, ...init }) => globalThis.fetch(url, init)
