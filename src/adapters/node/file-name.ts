let known: typeof import('node:crypto') | undefined

/** The name of the file for a key: its SHA-256 in hexadecimal. */
export async function fileNameOf(key: string): Promise<string> {
  // an import of a built-in module touches all of its exports, which takes twice the time
  known ??= process.getBuiltinModule?.('node:crypto') ?? (await import('node:crypto'))
  return known.createHash('sha256').update(key).digest('hex')
}
