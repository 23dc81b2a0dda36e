import type { Node } from '@babel/types'
import { type FindingInFile, sections, toChange, toCheck } from './finding.ts'
import { type Requires, roleOf } from './loading.ts'
import { adviceForPath, isOldSpecifier, isPlugIn, namesOldPackage, replacementOf } from './old-names.ts'
import { type Place, textOf } from './syntax.ts'

/** A range of characters and its replacement. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly line: number
  readonly from: string
  readonly to: string
}

/** What the names of packages in a file need. */
export interface Specifiers {
  readonly edits: readonly Edit[]
  readonly findings: readonly FindingInFile[]
}

/** An edit or a finding for every text that names a replaced package. */
export function specifiersIn(places: readonly Place[], requires: Requires): Specifiers {
  const edits: Edit[] = []
  const findings: FindingInFile[] = []
  let mocked = mocksLibrary(places, requires)
  for (const place of places) {
    const { node } = place
    const text = textOf(node)
    if (text === undefined || !isOldSpecifier(text)) {
      if (mentions(place)) findings.push(toCheck(node, mentioned, sections.ims))
      continue
    }
    const role = roleOf(place, requires)
    const to = replacementOf(text)
    if (role === undefined) findings.push(toCheck(node, mentioned, sections.ims))
    else if (role === 'declare')
      findings.push(toChange(node, 'remove it: imskit includes its own declarations', sections.ims))
    else if (to === undefined) findings.push(toChange(node, adviceForPath(text), sections.ims))
    else if (role === 'mock' && isPlugIn(text) && mocked) findings.push(toChange(node, secondMock, sections.ims))
    else {
      edits.push(edit(node, text, to))
      if (role === 'mock' && isPlugIn(text)) mocked = true
      if (isPlugIn(text) && (role === 'mock' || takesExports(place)))
        findings.push(toChange(node, role === 'mock' ? mockOfPlugIn : exportsOfPlugIn, sections.ims))
    }
  }
  return { edits, findings }
}

const mentioned = 'this text names a replaced package; write imskit if the text is used to find the package'
const secondMock = 'remove it: the plug-ins are part of imskit, and a second mock of imskit would replace the first'
const mockOfPlugIn = 'this now mocks imskit: mock the functions that your code calls, such as getToken'
const exportsOfPlugIn = 'imskit has no canSupport, supports and imsLogin: use getToken, which selects the kind of login'

/** Replaces a literal without its quotes. */
function edit(node: Node, from: string, to: string): Edit {
  return { start: (node.start ?? 0) + 1, end: (node.end ?? 0) - 1, line: node.loc?.start.line ?? 1, from, to }
}

function mocksLibrary(places: readonly Place[], requires: Requires): boolean {
  return places.some((place) => {
    const text = textOf(place.node)
    const named = text === 'imskit' || (text !== undefined && isOldSpecifier(text) && !isPlugIn(text))
    return named && roleOf(place, requires) === 'mock'
  })
}

/** Whether a text that is not a specifier, such as a pattern or a message, names a replaced package. */
function mentions({ node, parent }: Place): boolean {
  if (node.type === 'StringLiteral' || node.type === 'JSXText') return namesOldPackage(node.value)
  if (node.type === 'RegExpLiteral') return namesOldPackage(node.pattern.replaceAll('\\', ''))
  // a template that is a specifier was handled before its parts
  const whole = parent && textOf(parent.node)
  return node.type === 'TemplateElement' && !(whole && isOldSpecifier(whole)) && namesOldPackage(node.value.raw)
}

/** Whether the exports of a module are used, unlike those of the statements `import 'x'` and `require('x')`. */
function takesExports({ parent }: Place): boolean {
  if (parent?.node.type === 'ImportDeclaration') return parent.node.specifiers.length > 0
  const user = parent?.parent?.node.type === 'AwaitExpression' ? parent.parent.parent : parent?.parent
  return user?.node.type !== 'ExpressionStatement'
}
