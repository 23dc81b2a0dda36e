/** A browser that a driver steers, one tab at a time (W3C WebDriver). */
export interface DrivenBrowser {
  newTab(): Promise<DrivenTab>
  close(): Promise<void>
}

export interface DrivenTab {
  open(url: string): Promise<void>
  /** Clicks the button of the page, as a user does. */
  click(): Promise<void>
  /** What `body`, the body of an async function, returns in the page. */
  run<T>(body: string): Promise<T>
}

/** A script for "execute async script" that ends with what `body` comes to. */
export function asyncScript(body: string): string {
  const settle = 'then((ok) => done({ ok }), (error) => done({ error: String(error) }))'
  return `const done = arguments[0]; (async () => { ${body} })().${settle}`
}

/** What such a script came to. */
export function scriptResult<T>({ ok, error }: { ok: T; error?: string }): T {
  if (error !== undefined) throw new Error(error)
  return ok
}

/** Tries `step` for ten seconds, as a browser takes a while to listen. */
export async function eventually<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step()
    } catch (error) {
      if (attempt === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
