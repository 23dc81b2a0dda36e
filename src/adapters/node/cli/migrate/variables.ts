import { type Found, ofLine, ofRows } from './finding.ts'
import { callOf, memberOf, nameOf, type Place } from './syntax.ts'

/** The variables that a `.env` file sets, with their lines. */
export function variablesIn(text: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const name = /^\s*(?:export\s+)?([\w.-]+)\s*[=:]/.exec(line)?.[1]
    if (name !== undefined) names.set(name, index + 1)
  }
  return names
}

const places = ['AIO_CONFIG_FILE', 'AIO_CONFIG_KEY', 'XDG_CONFIG_HOME']

/** What a `.env` file can no longer say. */
export function* refusedVariables(variables: ReadonlyMap<string, number>): Generator<Found> {
  for (const name of places) {
    const line = variables.get(name)
    if (line !== undefined)
      yield ofLine(line, 'change', `set ${name} in the environment: .env cannot say where the global file is`, {
        rows: ['dotenv-places'],
      })
  }
}

const isOwn = (name: string) => name.startsWith('AIO_')

/** The words to look for in files: names of variables that the old library copied to `process.env`. */
export const copiedVariables = (variables: ReadonlyMap<string, number>): readonly string[] =>
  [...variables.keys()].filter((name) => !isOwn(name))

/** Reads of variables that only `.env` sets, as far as the project shows. */
export function* readVariables(all: readonly Place[], copied: readonly string[]): Generator<Found> {
  for (const { node } of all) {
    const member = memberOf(node)
    if (member && isEnvironment(member.object) && copied.includes(member.name)) yield ofVariable(node, member.name)
    if (node.type !== 'VariableDeclarator' || node.id.type !== 'ObjectPattern' || !node.init) continue
    if (!isEnvironment(node.init)) continue
    for (const property of node.id.properties) {
      const name = property.type === 'ObjectProperty' ? nameOf(property.key) : undefined
      if (name !== undefined && copied.includes(name)) yield ofVariable(property, name)
    }
  }
}

function isEnvironment(node: Place['node']): boolean {
  const member = memberOf(node)
  return member?.name === 'env' && nameOf(member.object) === 'process'
}

function ofVariable(node: Place['node'], name: string): Found {
  return ofRows(
    node,
    'check',
    `${name} is in .env, which is no longer copied to process.env: start with node --env-file=.env, or load dotenv first`,
    ['dotenv-env'],
  )
}

/** Whether a file copies `.env` to the environment itself. */
export function loadsDotEnv(all: readonly Place[]): boolean {
  return all.some(({ node }) => {
    if (node.type === 'ImportDeclaration') return /^dotenv(?:\/config)?$/.test(node.source.value)
    const [first] = callOf(node)?.args ?? []
    return first?.type === 'StringLiteral' && /^dotenv(?:\/config)?$/.test(first.value)
  })
}
