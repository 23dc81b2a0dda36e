import type { Emit } from '../../core/events.ts'
import { printable } from './printable.ts'

/** Prints events to stderr if `DEBUG` names imskit. Events contain no secrets. */
export function debugPrinter(env: NodeJS.ProcessEnv = process.env): Emit | undefined {
  const names = (env.DEBUG ?? '').split(/[\s,]+/)
  if (!names.some((name) => name === '*' || /^imskit(?::?\*)?$/.test(name))) return undefined
  return ({ type, ...facts }) => process.stderr.write(`imskit ${type} ${printable(JSON.stringify(facts))}\n`)
}
