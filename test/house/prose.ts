import ts from 'typescript'
import { eachNode, type SourceText } from './sources.ts'

/** A piece of English, and the line that it starts on. */
export interface Prose {
  readonly line: number
  readonly text: string
}

/** Three words or more: shorter strings are names, keys and values. */
const isSentence = (text: string): boolean => /[A-Za-z]\S*\s+\S*[A-Za-z]\S*\s+\S*[A-Za-z]/.test(text)

/** Text without code in backticks, links of docstrings and addresses. */
const withoutCode = (text: string): string =>
  text
    .replace(/`[^`]*`/g, '`…`')
    .replace(/\{@link [^}]*\}/g, '`…`')
    .replace(/https?:\/\/\S+/g, '`…`')

/** The text of a comment without its marks, on one line, without the code of an example. */
function commentText(comment: string): string {
  return withoutCode(
    comment
      .replace(/^\/\*+|\*+\/$|^\/\/+/g, '')
      .replace(/^\s*\* ?/gm, '')
      .replace(/^@example[\s\S]*?(?=^@|$(?![\s\S]))/gm, ''),
  )
    .replace(/\s+/g, ' ')
    .trim()
}

/** Comments and docstrings of a file. */
export function commentsOf({ text, tree }: SourceText): Prose[] {
  const found = new Map<number, Prose>()
  const add = ({ pos, end }: ts.CommentRange): void => {
    const line = tree.getLineAndCharacterOfPosition(pos).line + 1
    found.set(pos, { line, text: commentText(text.slice(pos, end)) })
  }
  const look = (node: ts.Node): void => {
    for (const range of ts.getLeadingCommentRanges(text, node.pos) ?? []) add(range)
    for (const range of ts.getTrailingCommentRanges(text, node.end) ?? []) add(range)
    // tokens, such as a closing brace, have comments before them that no other node has
    for (const child of node.getChildren(tree)) if (!ts.isJSDoc(child)) look(child)
  }
  look(tree)
  return joinLines(
    [...found.values()].sort((one, other) => one.line - other.line),
    text,
  )
}

/** Line comments that follow one another are one text. */
function joinLines(comments: readonly Prose[], text: string): Prose[] {
  const lines = text.split('\n')
  const isLineComment = (line: number) => /^\s*\/\//.test(lines[line - 1] ?? '')
  const joined: Prose[] = []
  let end = 0
  for (const comment of comments) {
    const last = joined.at(-1)
    if (last !== undefined && comment.line === end + 1 && isLineComment(comment.line) && isLineComment(end)) {
      joined[joined.length - 1] = { line: last.line, text: `${last.text} ${comment.text}` }
    } else joined.push(comment)
    end = comment.line
  }
  return joined
}

/** The strings of a file that are sentences: messages of errors, output of the command, texts of pages. */
export function sentencesOf({ tree }: SourceText): Prose[] {
  const found: Prose[] = []
  const add = (node: ts.Node, text: string): void => {
    if (isSentence(text)) found.push({ line: lineOf(tree, node), text: withoutCode(text).replace(/\s+/g, ' ') })
  }
  eachNode(tree, (node) => {
    if (ts.isTemplateExpression(node)) {
      add(node, [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…'))
    } else if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, node.text)
  })
  return found
}

/** The titles of the tests of a file, which the table of security requirements quotes. */
export function titlesOf({ tree }: SourceText): Prose[] {
  const found: Prose[] = []
  eachNode(tree, (node) => {
    if (!ts.isCallExpression(node) || !/^(?:test|it|describe)\b/.test(node.expression.getText())) return
    const [title] = node.arguments
    if (title !== undefined && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) {
      const text = ts.isTemplateExpression(title) ? title.getText().replace(/\$\{[^}]*\}/g, '…') : title.text
      found.push({ line: lineOf(tree, title), text: withoutCode(text.replace(/^`|`$/g, '')) })
    }
  })
  return found
}

const lineOf = (tree: ts.SourceFile, node: ts.Node): number =>
  tree.getLineAndCharacterOfPosition(node.getStart()).line + 1

/** The prose of a Markdown page by paragraph: without blocks of code, code in backticks and targets of links. */
export function markdownProse(text: string): Prose[] {
  const blank = (block: string) => block.replace(/[^\n]+/g, '')
  const prose = text
    .replace(/^( *)(```|~~~)[\s\S]*?^\1\2.*$/gm, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/`[^`\n]*`/g, '`…`')
    .replace(/\]\([^)\s]*\)/g, ']')
    .replace(/https?:\/\/\S+/g, '`…`')
  const found: Prose[] = []
  let open: { line: number; text: string } | undefined
  for (const [index, line] of prose.split('\n').entries()) {
    const separate = /^\s*$|^\s*(?:[-*#|]|\d+\.)/.test(line)
    if (separate) open = undefined
    if (line.trim() === '') continue
    if (open === undefined) {
      open = { line: index + 1, text: line.trim() }
      found.push(open)
    } else open.text += ` ${line.trim()}`
    if (/^\s*[#|]/.test(line)) open = undefined
  }
  return found
}
