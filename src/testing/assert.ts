import { ConfigurationError } from '../core/errors.ts'

/** A test runner's `test`, whichever it is. */
export type Test = (name: string, run: () => Promise<void>) => void

/** Fails the test that calls it. */
export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`contract broken: ${what}`)
}

/** Whether both are the same JSON. */
export function assertSame(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [canonical(actual), canonical(expected)]
  assert(found === wanted, `${what}: expected ${wanted}, found ${found}`)
}

function canonical(value: unknown): string {
  const sorted = (_key: string, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item
  return value === undefined ? 'undefined' : JSON.stringify(value, sorted)
}

/** What `work` rejected with. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('contract broken: it resolved, and should have rejected')
}

/** @throws {ConfigurationError} `BAD_OPTION` unless a contract has a runner and options */
export function checkContract(name: string, test: unknown, options: unknown): void {
  if (typeof test === 'function' && typeof options === 'object' && options !== null) return
  throw new ConfigurationError(
    'BAD_OPTION',
    `${name} takes a test runner's test function, and its options as an object`,
  )
}
