/** What happened in a run, for people: kept only if somebody is going to read it. */
export interface History {
  /** @param text is asked only if the history is kept */
  add(who: string, text: () => string): void
  readonly lines: readonly string[]
}

export function createHistory(now: () => number, kept: boolean): History {
  const lines: string[] = []
  return {
    lines,
    add(who, text) {
      if (kept) lines.push(`${clock(now())}  ${who.padEnd(8)} ${text()}`)
    },
  }
}

/** Model time as minutes, seconds and ms. */
function clock(ms: number): string {
  const whole = Math.round(ms)
  const part = (value: number, digits: number) => String(value).padStart(digits, '0')
  return `${part(Math.floor(whole / 60_000), 3)}:${part(Math.floor(whole / 1000) % 60, 2)}.${part(whole % 1000, 3)}`
}

/** How often what happened, over many runs. */
export type Counts = Map<string, number>

export function count(counts: Counts, what: string, times = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + times)
}
