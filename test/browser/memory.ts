import type { BrowserContext, Page } from 'playwright'

/** Every token that IMS issues to pages of `context` from now on: access, refresh and id token of each answer. */
export async function tokensIssued(context: BrowserContext): Promise<string[]> {
  const tokens: string[] = []
  await context.route('**/ims/token/v3', async (route) => {
    const response = await route.fetch()
    const { access_token, refresh_token, id_token } = await response.json()
    tokens.push(access_token, refresh_token, id_token)
    await route.fulfill({ response })
  })
  return tokens
}

/** All strings of the page's own heap, its workers' excepted. */
export async function heapOf(page: Page): Promise<string> {
  const cdp = await page.context().newCDPSession(page)
  const heap: string[] = []
  cdp.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => void heap.push(chunk))
  await cdp.send('HeapProfiler.collectGarbage')
  await cdp.send('HeapProfiler.takeHeapSnapshot')
  return heap.join('')
}

/** What to look for in a heap: a snapshot holds the first 1,024 characters of a string. */
export function partOf(secret: string): string {
  return secret.length > 800 ? secret.slice(400, 800) : secret
}
