/** Whether two strings are equal. The comparison takes the same time wherever they differ. */
export async function isSameSecret(left: string, right: string): Promise<boolean> {
  const { createHash, timingSafeEqual } = await import('node:crypto')
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
