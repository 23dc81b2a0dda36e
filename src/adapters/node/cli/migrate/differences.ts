import type { Node } from '@babel/types'
import type { Bindings } from './bindings.ts'
import { contextData } from './context-data.ts'
import { type Found, ofRows } from './finding.ts'
import { bare, type Call, callOf, memberOf, nameOf, type Place, textOf } from './syntax.ts'

/** Every use of `@adobe/aio-lib-ims` that a row of the table of differences is about. */
export function* differencesIn(places: readonly Place[], bindings: Bindings): Generator<Found> {
  const names = new Map<string, string>()
  for (const place of places) {
    const { node } = place
    const call = callOf(node)
    if (call !== undefined) yield* ofCall(place, call, bindings)
    if (call !== undefined) yield* ofCase(place, call, { bindings, names })
    yield* ofErrors(place, call)
    if (isAction(node))
      yield ofRows(
        node,
        'check',
        'keep @adobe/aio-lib-state in the dependencies, so that containers share their tokens',
        ['state', 'state-refuses'],
      )
    const text = textOf(node)
    if (text !== undefined) yield* ofText(node, text)
  }
}

function* ofCall(place: Place, call: Call, bindings: Bindings): Generator<Found> {
  const { node } = place
  const meaning = bindings.meaningOf(call.callee, place)
  if (meaning?.library === 'ims') yield* ofFunction(node, meaning.name, call.args)
  if (meaning?.library === 'ims' && meaning.name === 'getToken') yield* ofLogin(place, call.args, bindings)
  const member = memberOf(call.callee)
  if (member === undefined) return
  const owner = bindings.meaningOf(member.object, place)
  if (isContext(member.object, place, bindings)) yield* ofContext(node, member.name, call.args)
  if (owner?.library === 'ims' && owner.name === 'Ims' && member.name === 'fromToken')
    yield ofRows(node, 'check', 'Ims.fromToken knows more environments of IMS than prod and stage', [
      'other-environments',
    ])
  if (bindings.isIms(member.object) || validating.has(member.name)) yield* ofIms(node, member.name, call.args)
}

function isContext(object: Node, place: Place, bindings: Bindings): boolean {
  const meaning = bindings.meaningOf(object, place)
  if (meaning?.library === 'ims') return meaning.name === 'context'
  // getContext() of the deep path
  const callee = callOf(object)?.callee
  const made = callee && bindings.meaningOf(callee, place)
  return made?.library === 'context' && made.name === 'getContext'
}

/** Methods that no other library has. */
const validating = new Set(['validateToken', 'validateTokenAllowList'])

/** A login that a call does not ask for. */
function* ofLogin(place: Place, [name, options]: Call['args'], bindings: Bindings): Generator<Found> {
  const constant = name && bindings.meaningOf(name, place)
  const isCli = /^\$?cli$/.test(textOf(name) ?? '') || (constant?.library === 'context' && constant.name === 'CLI')
  if (!isCli || options !== undefined) return
  const todo = 'without a terminal a login that the call does not ask for is refused: pass open or interaction'
  yield ofRows(place.node, 'check', todo, ['no-terminal'])
}

/** Names of contexts that only their case tells apart. */
function* ofCase(place: Place, { callee, args }: Call, { bindings, names }: Names): Generator<Found> {
  const meaning = bindings.meaningOf(callee, place)
  const member = memberOf(callee)
  const takesName =
    (meaning?.library === 'ims' && /^(?:getToken|invalidateToken)$/.test(meaning.name)) ||
    (member && isContext(member.object, place, bindings))
  const name = takesName ? textOf(args[0]) : undefined
  if (name === undefined) return
  const first = names.get(name.toLowerCase()) ?? name
  names.set(name.toLowerCase(), first)
  if (first !== name)
    yield ofRows(place.node, 'change', `rename one of them: '${name}' and '${first}' are one context`, ['case'])
}

interface Names {
  readonly bindings: Bindings
  /** The first spelling of each name. */
  readonly names: Map<string, string>
}

/** The function that I/O Runtime calls. */
function isAction(node: Node): boolean {
  if (node.type === 'AssignmentExpression') {
    const member = memberOf(node.left)
    return (
      member?.name === 'main' &&
      ['exports', 'module'].includes(nameOf(memberOf(member.object)?.object ?? member.object) ?? '')
    )
  }
  const declared = node.type === 'ExportNamedDeclaration' ? node.declaration : undefined
  return declared?.type === 'FunctionDeclaration' && declared.id?.name === 'main'
}

function* ofFunction(node: Node, name: string, args: Call['args']): Generator<Found> {
  const [first, second] = args
  if (name === 'getToken') {
    yield* ofName(node, first)
    if (second !== undefined) yield* ofOptions(second)
  }
  if (name === 'invalidateToken') yield* ofInvalidation(node, args)
  if (name === 'ValidationCache') yield* ofCache(node, args)
}

/** Options of `getToken` that ask for a login; others are merged over the context. */
const loginOptions = new Set(['open', 'forceLogin', 'force', 'timeout', 'interaction', 'signal', 'minValidity'])

function* ofOptions(options: Node): Generator<Found> {
  const keys = options.type === 'ObjectExpression' ? options.properties.map((each) => keyOf(each)) : [undefined]
  if (keys.some((key) => key === 'open' || key === 'forceLogin'))
    yield ofRows(options, 'check', 'these options mean a login, also in CI and without a terminal', ['ci-open'])
  if (keys.some((key) => key === undefined || !loginOptions.has(key)))
    yield ofRows(
      options,
      'check',
      "a token for options of the call no longer takes the place of the context's own: pass the options in every call that needs such a token",
      ['options-own-token'],
    )
}

const keyOf = (property: Node) =>
  property.type === 'ObjectProperty' && !property.computed ? nameOf(property.key) : undefined

function* ofInvalidation(node: Node, [name, force]: Call['args']): Generator<Found> {
  const noName = name === undefined || (name.type === 'Identifier' && name.name === 'undefined') || textOf(name) === ''
  yield ofRows(
    node,
    'check',
    'IMS is told without a client secret too, and if it refuses, the token is removed here and the call rejects',
    ['invalidate-refused', 'invalidate-without-secret', 'invalidate-last-minutes'],
  )
  if (noName || name.type === 'NullLiteral')
    yield ofRows(node, 'check', 'without a name the token of the current context is removed', ['invalidate-current'])
  if (force !== undefined && !(force.type === 'BooleanLiteral' && !force.value))
    yield ofRows(node, 'check', 'with force the access token is invalidated at IMS as well', ['invalidate-both'])
}

function* ofCache(node: Node, args: Call['args']): Generator<Found> {
  yield ofRows(node, 'check', 'validateToken works with a cache, which answers each token with its own result', [
    'validate-with-cache',
    'cache-own-answer',
  ])
  const limited = args.length >= 3 && args.every((each) => each.type !== 'NumericLiteral' || each.value > 0)
  if (!limited)
    yield ofRows(node, 'check', 'a cache without limits, or with 0, gets limits: pass those that you want', [
      'cache-limits',
    ])
}

function* ofContext(node: Node, method: string, args: Call['args']): Generator<Found> {
  const [first, second] = args
  if (method === 'get' || method === 'set') yield* ofName(node, first)
  const data = method === 'set' ? second : method === 'setCli' ? first : undefined
  if (data !== undefined) yield* contextData(bare(data))
}

function* ofName(node: Node, argument: Node | undefined): Generator<Found> {
  const name = textOf(argument)
  if (name?.includes('.'))
    yield ofRows(
      node,
      'check',
      'a name with a dot is the name of a context of its own, and never a place inside another one',
      ['dotted-name'],
    )
}

function* ofIms(node: Node, method: string, args: Call['args']): Generator<Found> {
  if (validating.has(method))
    yield ofRows(node, 'check', 'a token that IMS refuses is { valid: false, reason } instead of an error', [
      'refused-token',
      'no-verdict',
    ])
  if (method === 'get' || method === 'post') yield* ofRequest(node, method, args)
  if (args.some((each) => (each.type === 'Identifier' && each.name === 'undefined') || textOf(each) === ''))
    yield ofRows(node, 'check', 'a parameter without a value is not sent', ['undefined-parameters'])
}

function* ofRequest(node: Node, method: 'get' | 'post', args: Call['args']): Generator<Found> {
  const path = textOf(args[0])
  if (path !== undefined && !path.startsWith('/')) yield ofRows(node, 'change', 'begin the path with /', ['api-path'])
  yield ofRows(node, 'check', "every status from 200 to 299 is a success, with '' if there is no body", ['any-2xx'])
  if (method === 'post')
    yield ofRows(node, 'check', 'forms of every kind are sent, as application/x-www-form-urlencoded', [
      'post-forms',
      'urlencoded',
    ])
  else if (args.length > 2) yield ofRows(node, 'check', 'the parameters reach the URL', ['get-parameters'])
}

const oldErrors = /^(?:IMSLibError|IMSJWTLibError|IMSOAuthLibError)$/
const readsText = new Set([
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

function* ofErrors({ node }: Place, call: Call | undefined): Generator<Found> {
  if (node.type === 'BinaryExpression' && node.operator === 'instanceof' && oldErrors.test(nameOf(node.right) ?? ''))
    yield ofRows(node, 'change', 'replace it by isImsError(error) and error.code', ['error-classes'])
  const method = call && memberOf(call.callee)
  const parsed =
    method &&
    (readsText.has(method.name) ? method.object : /^(?:test|exec)$/.test(method.name) ? call.args[0] : undefined)
  const message = parsed && memberOf(bare(parsed))
  if (message?.name === 'message' && isError(message.object))
    yield ofRows(node, 'change', 'read error.code and error.status instead of the text', ['error-codes'])
  const [logged] = method?.name === 'stringify' && nameOf(method.object) === 'JSON' ? (call?.args ?? []) : []
  if (logged !== undefined && isError(logged))
    yield ofRows(node, 'check', 'the JSON of an error has other fields, and no stack', ['error-json'])
}

const isError = (node: Node) => /^(?:e|ex|err|error|exception|reason)$|(?:Error|Err)$/.test(nameOf(bare(node)) ?? '')

/** Texts that only code about the old library has: codes, its user agent, and the requests that its tests expect. */
const texts: readonly (readonly [RegExp, Found['level'], string, readonly string[]])[] = [
  [/^IMSOAUTHCLI_LOGIN_CI_ERROR$/, 'change', 'the code is LOGIN_NOT_POSSIBLE', ['ci-code']],
  [oldErrors, 'change', 'replace it by isImsError(error) and error.code', ['error-classes']],
  [/^ENOENT$/, 'check', 'for a key file that is missing the code is INVALID_KEY_FILE', ['key-file-missing']],
  [
    /\/ims\/token\/v[12]\b/,
    'check',
    'contexts ask at /ims/token/v3; their refresh sends no scope',
    ['token-v3', 'refresh-scope'],
  ],
  [/^aio-cli-ims\b/, 'check', 'requests carry the user agent of the runtime', ['user-agent']],
  [/^multipart\/form-data\b/, 'check', 'bodies are application/x-www-form-urlencoded', ['urlencoded']],
  [/^cascading$|\bcascading=all\b/, 'check', 'cascading=all is sent with refresh tokens only', ['cascading']],
]

function* ofText(node: Node, text: string): Generator<Found> {
  for (const [pattern, level, todo, rows] of texts) if (pattern.test(text)) yield ofRows(node, level, todo, rows)
}
