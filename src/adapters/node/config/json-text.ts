import type { Json } from '../../../core/ports.ts'
import { type ConfigObject, isConfigObject } from './config-tree.ts'

// `ims.contexts.<name>`: what lies deeper is small, and is printed and pruned once as long as it stays the same object
const contextDepth = 3

const pruned = new WeakSet<object>()
const printedContexts = new WeakMap<object, { readonly name: string; readonly text: Buffer }>()

/**
 * The tree without `null` and objects that are empty or become so, which are not saved, as in the old library.
 * Lists are kept as they are. What needs no change is shared, not copied.
 */
export function prune(tree: ConfigObject, depth = 0): ConfigObject {
  if (depth === contextDepth && pruned.has(tree)) return tree
  let result: Record<string, Json> | undefined
  for (const name of Object.keys(tree)) {
    const value = tree[name]
    const kept = name === '__proto__' ? undefined : keep(value, depth + 1)
    if (kept === value && kept !== undefined) continue
    result ??= { ...tree }
    if (kept === undefined) delete result[name]
    else result[name] = kept
  }
  const done = result ?? tree
  if (depth === contextDepth) pruned.add(done)
  return done
}

function keep(value: Json | undefined, depth: number): Json | undefined {
  if (value === undefined || value === null) return undefined
  if (!isConfigObject(value)) return value
  const kept = prune(value, depth)
  return Object.keys(kept).length === 0 ? undefined : kept
}

/** JSON with two spaces of indentation, in UTF-8. */
export function printJson(tree: ConfigObject): Buffer {
  const parts: Uint8Array[] = []
  printMembers(tree, 1, parts)
  parts.push(Buffer.from('\n'))
  return Buffer.concat(parts)
}

function printMembers(object: ConfigObject, depth: number, parts: Uint8Array[]): void {
  const names = Object.keys(object)
  const first = names[0]
  if (first === undefined) {
    parts.push(Buffer.from('{}'))
    return
  }
  parts.push(Buffer.from('{'))
  for (const name of names) {
    const value = object[name] ?? null
    if (depth < contextDepth && isConfigObject(value)) {
      const start = `,\n${'  '.repeat(depth)}${JSON.stringify(name)}: `
      parts.push(Buffer.from(name === first ? start.slice(1) : start))
      printMembers(value, depth + 1, parts)
    } else {
      const text = memberText(name, value, depth)
      parts.push(name === first ? text.subarray(1) : text)
    }
  }
  parts.push(Buffer.from(`\n${'  '.repeat(depth - 1)}}`))
}

/** A member with the comma and the line break before it. */
function memberText(name: string, value: Json, depth: number): Buffer {
  if (depth !== contextDepth || !isConfigObject(value)) return printMember(name, value, depth)
  let printed = printedContexts.get(value)
  if (printed?.name !== name) {
    printed = { name, text: printMember(name, value, depth) }
    printedContexts.set(value, printed)
  }
  return printed.text
}

function printMember(name: string, value: Json, depth: number): Buffer {
  const lineBreak = `\n${'  '.repeat(depth)}`
  const text = JSON.stringify(value, null, 2).replaceAll('\n', lineBreak)
  return Buffer.from(`,${lineBreak}${JSON.stringify(name)}: ${text}`)
}
