import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, vi } from 'vitest'
import { isImsError } from '../../src/core/errors.ts'

export type Callable = (...args: unknown[]) => unknown
export type Newable = new (...args: unknown[]) => object

/** What is not a fault of the caller: the server that these tests have refuses everything. */
export const refused = ['HTTP_ERROR']
export const person = { clientId: 'c', scopes: ['openid'], redirectUri: 'https://app.example/callback' }
export const machine = { clientId: 'c', clientSecret: 's', scopes: ['openid'] }
export const sessionSecret = 'a secret of at least thirty-two characters'

/** An empty home, and a server that refuses every request. */
export function useRefusingServer(): void {
  let home: string
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'imskit-misuse-'))
    for (const name of ['HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME']) vi.stubEnv(name, home)
    vi.spyOn(process, 'cwd').mockReturnValue(home)
    vi.stubGlobal('fetch', async () => new Response('{"error":"refused"}', { status: 400 }))
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
    rmSync(home, { recursive: true, force: true })
  })
}

export interface Outcome {
  readonly value?: unknown
  readonly thrown?: unknown
  readonly rejected?: unknown
}

export async function outcomeOf(run: () => unknown): Promise<Outcome> {
  let result: unknown
  try {
    result = run()
  } catch (thrown) {
    return { thrown }
  }
  if (!(result instanceof Promise)) return { value: result }
  const hung = new Promise((_, reject) => setTimeout(() => reject(new Error('it hangs')), 10_000).unref())
  return Promise.race([result, hung]).then(
    (value) => ({ value }),
    (rejected: unknown) => ({ rejected }),
  )
}

/** What is wrong with how a misuse ended; `undefined` if it is as it should be. */
export function faultOf(
  { thrown, rejected }: Outcome,
  { codes, isAsync }: { codes: readonly string[]; isAsync: boolean },
) {
  if (isAsync && thrown !== undefined) return `throws instead of rejecting: ${thrown}`
  const error = thrown ?? rejected
  if (error === undefined) return undefined
  if (!isImsError(error)) return `${error instanceof Error ? error.stack?.split('\n').slice(0, 3).join(' ') : error}`
  return codes.includes(error.code) ? undefined : `${error.code}: ${error.message}`
}

export const show = (args: readonly unknown[]) =>
  args
    .map((value) => (typeof value === 'object' ? JSON.stringify(value) : `${typeof value} ${String(value)}`))
    .join(', ')

export const isClass = (value: unknown): value is Newable => /^class\b/.test(Function.prototype.toString.call(value))

export async function close(value: unknown): Promise<void> {
  if (typeof value === 'object' && value !== null && 'close' in value) await (value.close as () => unknown)()
}

export function methodsOf(value: object): Map<string, Callable> {
  const methods = new Map<string, Callable>()
  for (let level: object | null = value; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    if (level === Function.prototype) break
    for (const [name, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (typeof method === 'function' && !['constructor', 'close'].includes(name) && !methods.has(name))
        methods.set(name, method.bind(value))
  }
  return methods
}

export const thrownBy = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
