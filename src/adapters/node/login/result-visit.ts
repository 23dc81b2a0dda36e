import type { LoopbackAnswer } from './loopback-server.ts'
import { resultPage } from './result-page.ts'

/**
 * Takes the code out of the browser's address bar and history: the callback is answered with a redirect to the same
 * path without a query, which shows the result.
 */
export interface ResultVisit {
  /** The answer to the request `callback`. */
  redirect(callback: URL): LoopbackAnswer
  /** The answer to the request that follows; `undefined` if there was no callback yet. */
  answer(): Promise<LoopbackAnswer> | undefined
  /** Resolves when the browser has the result, at most `longestVisit` ms after the redirect; at once without one. */
  finished(): Promise<void>
  finish(): void
}

/** Browsers follow a redirect on the same machine within milliseconds; other programs may never do. */
const longestVisit = 2_000

/** A visit of the result at `path`. */
export function resultVisit(path: string): ResultVisit {
  let callback: URL | undefined
  let finish = () => {}
  const shown = new Promise<void>((resolve) => {
    finish = resolve
  })
  const answerFor = async (url: URL): Promise<LoopbackAnswer> => ({
    status: 200,
    ...(await resultPage(url)),
    sent: finish,
  })
  return {
    redirect(url) {
      callback = url
      return { status: 303, headers: { Location: path }, body: '' }
    },
    answer: () => callback && answerFor(callback),
    async finished() {
      if (callback === undefined) return
      const timer = setTimeout(finish, longestVisit)
      await shown
      clearTimeout(timer)
    },
    finish,
  }
}
