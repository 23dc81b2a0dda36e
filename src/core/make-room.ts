/** Drops the oldest entry that was not used since it was last passed over: moving an entry at each hit would cost more. */
export function makeRoom(entries: Map<string, { used: boolean }>): void {
  for (const [oldest, entry] of entries) {
    entries.delete(oldest)
    if (!entry.used) return
    entry.used = false
    entries.set(oldest, entry)
  }
}
