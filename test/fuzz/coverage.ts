import { type Profiler, Session } from 'node:inspector'

/** Which parts of the bundled code have run: V8 counts them per block. */
export interface Coverage {
  /** Whether anything ran since the last question that had not run before. */
  grew(): boolean
  readonly size: number
  stop(): void
}

/** @param script part of the URL of the script whose parts count */
export function startCoverage(script: string): Coverage {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const seen = new Set<string>()
  return {
    grew() {
      const before = seen.size
      // the callback of a session of this thread is called at once
      session.post('Profiler.takePreciseCoverage', (_, { result }) => {
        for (const { url, functions } of result) if (url.includes(script)) note(functions, seen)
      })
      return seen.size > before
    },
    get size() {
      return seen.size
    },
    stop() {
      session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    },
  }
}

function note(functions: readonly Profiler.FunctionCoverage[], seen: Set<string>): void {
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) if (count > 0) seen.add(`${startOffset} ${endOffset}`)
  }
}
