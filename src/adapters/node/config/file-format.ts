// the root module would also load the printer
import parseHjsonText from 'hjson/lib/hjson-parse.js'
import { ConfigurationError } from '../../../core/errors.ts'
import { type ConfigObject, isConfigObject } from './config-tree.ts'
import { printJson } from './json-text.ts'

export type Format = 'json' | 'yaml'

export interface Parsed {
  readonly tree: ConfigObject
  readonly format: Format
}

/**
 * Parses the text of a configuration file: JSON or HJSON if it starts with a brace, else YAML, whose parser is loaded
 * first.
 * @throws ConfigurationError `CONFIG_UNREADABLE`, naming `path` and no part of the content
 */
export function parseConfig(text: string, path: string): Parsed | Promise<Parsed> {
  const content = text.trim()
  if (content === '') return { tree: {}, format: 'json' }
  if (content[0] !== '{') return parseYaml(content, path)
  try {
    return { tree: JSON.parse(content), format: 'json' }
  } catch {
    return parseHjson(content, path)
  }
}

function parseHjson(content: string, path: string): Parsed {
  let tree: unknown
  try {
    tree = parseHjsonText(content)
  } catch (error) {
    throw unreadable(path, 'is not valid JSON or HJSON', /at line (\d+)/.exec(String(error))?.[1])
  }
  if (!isConfigObject(tree)) throw unreadable(path, 'does not contain an object')
  return { tree, format: 'json' }
}

async function parseYaml(content: string, path: string): Promise<Parsed> {
  const { load } = await import('js-yaml')
  let tree: unknown
  try {
    tree = load(content, { json: true }) ?? {}
  } catch (error) {
    const line = (error as { mark?: { line?: number } }).mark?.line
    throw unreadable(path, 'is not valid YAML', line === undefined ? undefined : line + 1)
  }
  if (!isConfigObject(tree)) throw unreadable(path, 'does not contain a mapping of names to values')
  // aliases can create cycles, and trees far larger than their text
  if (!isWithin(tree, { nodes: Math.max(10_000, content.length * 4) }))
    throw unreadable(path, 'contains too many repeated aliases')
  return { tree, format: 'yaml' }
}

function isWithin(value: unknown, budget: { nodes: number }, depth = 0): boolean {
  budget.nodes -= 1
  if (budget.nodes < 0 || depth > 200) return false
  if (!isConfigObject(value) && !Array.isArray(value)) return true
  return Object.values(value).every((item) => isWithin(item, budget, depth + 1))
}

/** The content of a configuration file. Never empty, because an empty file is one that another program is writing. */
export async function printConfig({ tree, format }: Parsed): Promise<string | Buffer> {
  if (format === 'json' || Object.keys(tree).length === 0) return printJson(tree)
  const { dump } = await import('js-yaml')
  return dump(tree, { lineWidth: -1 })
}

/** The error for a configuration file that cannot be used. */
export function unreadable(path: string, problem: string, line?: string | number): ConfigurationError {
  const where = line === undefined ? path : `${path} (line ${line})`
  return new ConfigurationError(
    'CONFIG_UNREADABLE',
    `The configuration file ${where} ${problem}. imskit did not change it. Correct it, or move it away to start with an empty one.`,
    { details: { path, ...(line === undefined ? {} : { line: Number(line) }) } },
  )
}
