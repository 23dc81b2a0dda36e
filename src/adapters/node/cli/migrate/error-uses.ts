import type { Node } from '@babel/types'
import { type FindingInFile, type Reference, rows, toChange, toCheck } from './finding.ts'
import { bare, type CallSite, memberOf, nameOf, textOf } from './syntax.ts'

const oldErrors = /^(?:IMSLibError|IMSJWTLibError|IMSOAuthLibError)$/
const stringMethods = new Set([
  'match',
  'matchAll',
  'includes',
  'startsWith',
  'endsWith',
  'indexOf',
  'search',
  'slice',
  'substring',
  'split',
  'replace',
])

const replaceClass = 'replace it by isImsError(error) and error.code'

/** Code that depends on the classes, the messages or the JSON of errors. */
export function* errorUses(node: Node, call: CallSite | undefined): Generator<FindingInFile> {
  if (node.type === 'BinaryExpression' && node.operator === 'instanceof' && oldErrors.test(nameOf(node.right) ?? ''))
    yield toChange(node, replaceClass, rows('error-classes'))
  const method = call && memberOf(call.callee)
  const parsed =
    method &&
    (stringMethods.has(method.name) ? method.object : /^(?:test|exec)$/.test(method.name) ? call.args[0] : undefined)
  const message = parsed && memberOf(bare(parsed))
  if (message?.name === 'message' && isError(message.object))
    yield toChange(node, 'read error.code and error.status instead of the message', rows('error-codes'))
  const [logged] = method?.name === 'stringify' && nameOf(method.object) === 'JSON' ? (call?.args ?? []) : []
  if (logged !== undefined && isError(logged))
    yield toCheck(node, 'the JSON of an error has different fields, and no stack', rows('error-json'))
}

/** Judged by the name of the variable. */
const isError = (node: Node) => /^(?:e|ex|err|error|exception|reason)$|(?:Error|Err)$/.test(nameOf(bare(node)) ?? '')

/** Texts in code that depends on `@adobe/aio-lib-ims`: codes, its user agent, and requests that tests expect. */
const texts: readonly (readonly [RegExp, typeof toChange, string, Reference])[] = [
  [/^IMSOAUTHCLI_LOGIN_CI_ERROR$/, toChange, 'the code is LOGIN_NOT_POSSIBLE', rows('ci-code')],
  [oldErrors, toChange, replaceClass, rows('error-classes')],
  [/^ENOENT$/, toCheck, 'if a key file is missing, the code is INVALID_KEY_FILE', rows('key-file-missing')],
  [
    /\/ims\/token\/v[12]\b/,
    toCheck,
    'contexts use /ims/token/v3; their refresh sends no scope',
    rows('token-v3', 'refresh-scope'),
  ],
  [/^aio-cli-ims\b/, toCheck, 'requests carry the user agent of the runtime', rows('user-agent')],
  [/^multipart\/form-data\b/, toCheck, 'bodies are application/x-www-form-urlencoded', rows('urlencoded')],
  [/^cascading$|\bcascading=all\b/, toCheck, 'cascading=all is sent with refresh tokens only', rows('cascading')],
]

/** Literals that name a code or a request of `@adobe/aio-lib-ims`. */
export function* testedTexts(node: Node): Generator<FindingInFile> {
  const text = textOf(node)
  if (text === undefined) return
  for (const [pattern, create, todo, reference] of texts) if (pattern.test(text)) yield create(node, todo, reference)
}
