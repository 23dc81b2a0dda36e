import { inspect } from 'node:util'
import { isImsError } from '../../src/core/index.ts'
import { type Target, Wrong } from './target.ts'

/** What a secret input holds, so that an error that quotes it is noticed. */
export const canary = 'cAnArY7uQx'

const builtIns = [Object.prototype, Array.prototype, Function.prototype, String.prototype] as const
const shapeOf = () => builtIns.map((each) => Reflect.ownKeys(each).length).join()
const shape = shapeOf()

/** What is wrong with how `target` takes `input`; `undefined` if nothing is. */
export async function problemOf(target: Target, input: string): Promise<string | undefined> {
  let thrown: unknown
  try {
    await target.run(input)
  } catch (error) {
    thrown = error
  }
  if (shapeOf() !== shape) {
    restore()
    return 'it changed a prototype'
  }
  if (thrown === undefined) return undefined
  if (thrown instanceof Wrong) return thrown.message
  const allowed = isImsError(thrown) || target.allows?.(thrown) === true
  if (!allowed) return `it threw what is not documented: ${inspect(thrown, { depth: 3 }).slice(0, 600)}`
  const shown = inspect(thrown, { depth: 9, showHidden: true }) + JSON.stringify(thrown)
  if (target.secret !== false && shown.includes(canary)) return `its error quotes the input: ${shown.slice(0, 300)}`
  return undefined
}

/** Takes away what was added, so that the next input is not blamed. */
export function restore(): void {
  for (const name of Object.keys(Object.prototype)) Reflect.deleteProperty(Object.prototype, name)
}
