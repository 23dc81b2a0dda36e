/**
 * Whether a request may wait for work that another request has started. In workerd and in Vercel's edge runtime it must
 * not: the work stops with its own request, and its promise never settles.
 */
export function mayShareWork(): boolean {
  const agent: unknown = globalThis.navigator?.userAgent
  return !('WebSocketPair' in globalThis || 'EdgeRuntime' in globalThis || agent === 'Cloudflare-Workers')
}
