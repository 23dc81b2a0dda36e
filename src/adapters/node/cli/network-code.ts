/** The first code in the causes of an error of `fetch`, which was aborted after `patience` ms. */
export function networkCode(error: unknown, patience: number): string {
  for (
    let at = error as { code?: unknown; cause?: unknown; name?: unknown; message?: unknown } | undefined;
    at;
    at = at.cause as typeof at
  ) {
    if (typeof at.code === 'string') return at.code
    if (at.message === 'bad port') return 'fetch blocks this port'
    if (at.name === 'TimeoutError') return `no answer in ${patience / 1000} s`
  }
  return 'unknown cause'
}
