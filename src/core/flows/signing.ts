/** Signing and key formats: loaded when the first assertion is signed, as most never sign one. */
type Signing = typeof import('./assertion.ts')

let loaded: Signing | undefined

export async function signing(): Promise<Signing> {
  // kept, as asking the loader again costs a tenth of a signature
  loaded ??= await import('./assertion.ts')
  return loaded
}
