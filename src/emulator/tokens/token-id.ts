/** An identifier in IMS's format: time, random part, region. */
export function tokenId(now: number): string {
  return `${now}_${crypto.randomUUID()}_ue1`
}
