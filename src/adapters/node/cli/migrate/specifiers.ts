import type { Node } from '@babel/types'
import { type Found, ofSection, sections } from './finding.ts'
import { type Requires, roleOf } from './loading.ts'
import { adviceForPath, isOldSpecifier, isPlugIn, namesOldPackage, replacementOf } from './old-names.ts'
import { type Place, textOf } from './syntax.ts'

/** Characters of a file that are replaced. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly line: number
  readonly from: string
  readonly to: string
}

export interface Specifiers {
  readonly edits: readonly Edit[]
  readonly findings: readonly Found[]
}

/** Every place that names one of the old packages: the edit that it needs, or what the user has to do. */
export function specifiersIn(places: readonly Place[], requires: Requires): Specifiers {
  const edits: Edit[] = []
  const findings: Found[] = []
  let mocked = mocksLibrary(places, requires)
  for (const place of places) {
    const { node } = place
    const text = textOf(node)
    if (text === undefined || !isOldSpecifier(text)) {
      if (mentions(place)) findings.push(ofSection(node, 'check', mentioned, sections.ims))
      continue
    }
    const role = roleOf(place, requires)
    const to = replacementOf(text)
    if (role === undefined) findings.push(ofSection(node, 'check', mentioned, sections.ims))
    else if (role === 'declare')
      findings.push(ofSection(node, 'change', 'remove it: imskit has declarations of its own', sections.ims))
    else if (to === undefined) findings.push(ofSection(node, 'change', adviceForPath(text), sections.ims))
    else if (role === 'mock' && isPlugIn(text) && mocked)
      findings.push(ofSection(node, 'change', secondMock, sections.ims))
    else {
      edits.push(edit(node, text, to))
      if (role === 'mock' && isPlugIn(text)) mocked = true
      if (isPlugIn(text) && (role === 'mock' || takesExports(place)))
        findings.push(ofSection(node, 'change', role === 'mock' ? mockOfPlugIn : exportsOfPlugIn, sections.ims))
    }
  }
  return { edits, findings }
}

const mentioned = 'this text names the old package; replace it by imskit if it is used to find the package'
const secondMock = 'remove it: the plug-ins are part of imskit, and a second mock of imskit would replace the first'
const mockOfPlugIn = 'it mocks imskit from now on: mock what your code calls, such as getToken'
const exportsOfPlugIn = 'imskit has no canSupport, supports and imsLogin: use getToken, which selects the kind of login'

/** A literal keeps its quotes. */
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

/** A text that is no specifier, such as a pattern of a test runner or a message. */
function mentions({ node, parent }: Place): boolean {
  if (node.type === 'StringLiteral' || node.type === 'JSXText') return namesOldPackage(node.value)
  if (node.type === 'RegExpLiteral') return namesOldPackage(node.pattern.replaceAll('\\', ''))
  // the whole of a template was looked at before its parts
  const whole = parent && textOf(parent.node)
  return node.type === 'TemplateElement' && !(whole && isOldSpecifier(whole)) && namesOldPackage(node.value.raw)
}

/** Whether what is loaded is given a name, other than `import 'x'` and `require('x')` alone in a statement. */
function takesExports({ parent }: Place): boolean {
  if (parent?.node.type === 'ImportDeclaration') return parent.node.specifiers.length > 0
  const user = parent?.parent?.node.type === 'AwaitExpression' ? parent.parent.parent : parent?.parent
  return user?.node.type !== 'ExpressionStatement'
}
