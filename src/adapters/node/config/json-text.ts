import type { Json } from '../../../core/ports.ts'
import { type ConfigObject, isConfigObject } from './config-tree.ts'

// the depth of `ims.contexts.<name>`: a context is small, and is printed and pruned again only if its object changed
const contextDepth = 3

const pruned = new WeakSet<object>()
const printedContexts = new WeakMap<object, { readonly name: string; readonly text: Buffer }>()

/**
 * The tree without `null`, empty objects and objects that become empty, which `@adobe/aio-lib-core-config` does not
 * store either. Lists stay unchanged. Unchanged parts are shared, not copied.
 */
export function prune(tree: ConfigObject, depth = 0): ConfigObject {
  if (depth === contextDepth && pruned.has(tree)) return tree
  let result: Record<string, Json> | undefined
  for (const name of Object.keys(tree)) {
    const value = tree[name]
    const next = name === '__proto__' ? undefined : pruneValue(value, depth + 1)
    if (next === value && next !== undefined) continue
    result ??= { ...tree }
    if (next === undefined) delete result[name]
    else result[name] = next
  }
  const done = result ?? tree
  if (depth === contextDepth) pruned.add(done)
  return done
}

function pruneValue(value: Json | undefined, depth: number): Json | undefined {
  if (value === undefined || value === null) return undefined
  if (!isConfigObject(value)) return value
  const next = prune(value, depth)
  return Object.keys(next).length === 0 ? undefined : next
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

/** A member, preceded by a comma and a line break. */
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
