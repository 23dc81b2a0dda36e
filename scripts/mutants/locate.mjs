import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** A pattern for `snippet` that takes no notice of blanks, line breaks and how an expression is wrapped. */
export function patternOf(snippet) {
  const tokens = snippet.match(/[\w$]+|[^\s\w$]/g) ?? []
  const escaped = tokens.map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return new RegExp(escaped.map((token, index) => gap(tokens[index - 1], tokens[index]) + token).join(''), 'g')
}

const isWord = (token) => /^[\w$]+$/.test(token)

function gap(before, token) {
  if (before === undefined) return ''
  return isWord(before) && isWord(token) ? '\\s+' : '\\s*'
}

/** The declarations called `name` in `source`: functions, methods, members, variables. */
function declarationsOf(source, name) {
  const found = []
  const visit = (node) => {
    const named = node.name !== undefined && ts.isIdentifier(node.name) && node.name.text === name
    const declares =
      ts.isFunctionDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isPropertyAssignment(node) ||
      ts.isVariableDeclaration(node)
    if (named && declares) found.push(node)
    else ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/**
 * Where a mutant changes the code: in the one place of the declaration `within` of `file` that reads `find`.
 *
 * @throws {Error} if there is no such place, or more than one
 */
export function locate({ file, within, find }) {
  const path = join('src', file)
  const text = readFileSync(path, 'utf8')
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const declarations = within === '' ? [source] : declarationsOf(source, within)
  const places = declarations.flatMap((node) => {
    const start = node.getStart()
    return [...text.slice(start, node.getEnd()).matchAll(patternOf(find))].map(({ index, 0: { length } }) => ({
      start: start + index,
      end: start + index + length,
    }))
  })
  const [place, ...more] = places
  if (place !== undefined && more.length === 0) return { path, text, ...place }
  const why = declarations.length === 0 ? 'has no such declaration' : `has ${places.length} such places`
  throw new Error(`${file} ${why}: ${within}: ${find}`)
}
