/** An identifier as IMS makes them: time, random part, region. */
export function tokenId(now: number): string {
  return `${now}_${crypto.randomUUID()}_ue1`
}
