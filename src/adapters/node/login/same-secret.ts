/** Whether two strings are equal, in a time that tells nothing about where they differ. */
export async function isSameSecret(left: string, right: string): Promise<boolean> {
  const { createHash, timingSafeEqual } = await import('node:crypto')
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
