import type { Fetch } from '../../core/ports.ts'

/**
 * The runtime's `fetch`, without the members that are about pages: some workers know no cookies and no HTTP cache, and
 * refuse a request that speaks of them.
 */
export const workerFetch: Fetch = (url, { credentials: _, cache: __, ...init }) => globalThis.fetch(url, init)
