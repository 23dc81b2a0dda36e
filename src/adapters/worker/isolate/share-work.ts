/**
 * Whether a request may wait for work that another request started. In workerd and on Vercel's edge it may not: that
 * work ends with its own request, and then nobody hears of it.
 */
export function mayShareWork(): boolean {
  const agent: unknown = globalThis.navigator?.userAgent
  return !('WebSocketPair' in globalThis || 'EdgeRuntime' in globalThis || agent === 'Cloudflare-Workers')
}
