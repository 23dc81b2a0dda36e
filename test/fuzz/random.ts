/** Random numbers that a seed determines (mulberry32). */
export interface Random {
  /** An integer from 0 to `below`, which is not included. */
  (below: number): number
  pick<T>(from: readonly T[]): T
}

export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const random = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
  const pick = <T>(from: readonly T[]): T => {
    const [first] = from
    const picked = from[random(from.length)] ?? first
    if (picked === undefined) throw new Error('there is nothing to pick from')
    return picked
  }
  return Object.assign(random, { pick })
}
