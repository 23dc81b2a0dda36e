import type { Visitor } from '../visitor.ts'

export const sessionName = '__Host-Http-imskit-session'
export const hour = 3_600_000

/** A promise, and the function that resolves it. */
export function signal() {
  let give: () => void = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { give, given }
}

/** The names of imskit's cookies in the browser of a user. */
export const ours = ({ jar }: Visitor) => [...jar.keys()].filter((name) => !name.endsWith('imskit-returns'))
export const loginNames = ({ jar }: Visitor) => [...jar.keys()].filter((name) => name.includes('imskit-login-'))
