import type { Node } from '@babel/types'
import { type Bindings, isIms, meaningOf } from './bindings.ts'
import { contextData } from './context-data.ts'
import { errorUses, testedTexts } from './error-uses.ts'
import { type FindingInFile, rows, toChange, toCheck } from './finding.ts'
import { bare, type CallSite, callOf, memberOf, nameOf, type Place, textOf } from './syntax.ts'

/** Every use of `@adobe/aio-lib-ims` that a row of the table of differences applies to. */
export function* differencesIn(places: readonly Place[], bindings: Bindings): Generator<FindingInFile> {
  const spellings = new Map<string, string>()
  for (const place of places) {
    const { node } = place
    const call = callOf(node)
    if (call !== undefined) yield* ofCall(place, call, bindings)
    if (call !== undefined) yield* ofCase(place, call, { bindings, spellings })
    yield* errorUses(node, call)
    if (isAction(node))
      yield toCheck(
        node,
        'keep @adobe/aio-lib-state in the dependencies, so that containers share their tokens',
        rows('state', 'state-refuses'),
      )
    yield* testedTexts(node)
  }
}

function* ofCall(place: Place, call: CallSite, bindings: Bindings): Generator<FindingInFile> {
  const { node } = place
  const meaning = meaningOf(bindings, call.callee, place)
  if (meaning?.library === 'ims') yield* ofFunction(node, meaning.name, call.args)
  if (meaning?.library === 'ims' && meaning.name === 'getToken') yield* ofLogin(place, call.args, bindings)
  const member = memberOf(call.callee)
  if (member === undefined) return
  const owner = meaningOf(bindings, member.object, place)
  if (isContext(member.object, place, bindings)) yield* ofContext(node, member.name, call.args)
  if (owner?.library === 'ims' && owner.name === 'Ims' && member.name === 'fromToken')
    yield toCheck(
      node,
      'Ims.fromToken accepts more environments of IMS than prod and stage',
      rows('other-environments'),
    )
  if (isIms(bindings, member.object) || validating.has(member.name)) yield* ofIms(node, member.name, call.args)
}

function isContext(object: Node, place: Place, bindings: Bindings): boolean {
  const meaning = meaningOf(bindings, object, place)
  if (meaning?.library === 'ims') return meaning.name === 'context'
  // getContext() of the deep path
  const callee = callOf(object)?.callee
  const getter = callee && meaningOf(bindings, callee, place)
  return getter?.library === 'context' && getter.name === 'getContext'
}

/** Methods whose names no other library uses. */
const validating = new Set(['validateToken', 'validateTokenAllowList'])

/** A login of a `cli` context that the call does not request. */
function* ofLogin(place: Place, [name, options]: CallSite['args'], bindings: Bindings): Generator<FindingInFile> {
  const constant = name && meaningOf(bindings, name, place)
  const isCli = /^\$?cli$/.test(textOf(name) ?? '') || (constant?.library === 'context' && constant.name === 'CLI')
  if (!isCli || options !== undefined) return
  yield toCheck(
    place.node,
    'without a terminal, a login that the call does not request is rejected: pass open or interaction',
    rows('no-terminal'),
  )
}

/** Names of contexts that differ in case only. */
function* ofCase(
  place: Place,
  { callee, args }: CallSite,
  { bindings, spellings }: ContextNames,
): Generator<FindingInFile> {
  const meaning = meaningOf(bindings, callee, place)
  const member = memberOf(callee)
  const takesName =
    (meaning?.library === 'ims' && /^(?:getToken|invalidateToken)$/.test(meaning.name)) ||
    (member && isContext(member.object, place, bindings))
  const name = takesName ? textOf(args[0]) : undefined
  if (name === undefined) return
  const first = spellings.get(name.toLowerCase()) ?? name
  spellings.set(name.toLowerCase(), first)
  if (first !== name)
    yield toChange(place.node, `rename one of them: '${name}' and '${first}' are the same context`, rows('case'))
}

interface ContextNames {
  readonly bindings: Bindings
  /** The first spelling of each name, by the name in lower case. */
  readonly spellings: Map<string, string>
}

/** Whether a node exports `main`, the function that I/O Runtime calls. */
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

function* ofFunction(node: Node, name: string, args: CallSite['args']): Generator<FindingInFile> {
  const [first, second] = args
  if (name === 'getToken') {
    yield* ofName(node, first)
    if (second !== undefined) yield* ofOptions(second)
  }
  if (name === 'invalidateToken') yield* ofInvalidation(node, args)
  if (name === 'ValidationCache') yield* ofCache(node, args)
}

/** Options of `getToken` that concern the call; all others are merged over the context. */
const callOptions = new Set(['open', 'forceLogin', 'force', 'timeout', 'interaction', 'signal', 'minValidity'])

function* ofOptions(options: Node): Generator<FindingInFile> {
  const keys = options.type === 'ObjectExpression' ? options.properties.map((each) => keyOf(each)) : [undefined]
  if (keys.some((key) => key === 'open' || key === 'forceLogin'))
    yield toCheck(options, 'these options request a login, also in CI and without a terminal', rows('ci-open'))
  if (keys.some((key) => key === undefined || !callOptions.has(key)))
    yield toCheck(
      options,
      "a token for options of one call no longer replaces the context's own token: pass the options in every call that needs such a token",
      rows('options-own-token'),
    )
}

const keyOf = (property: Node) =>
  property.type === 'ObjectProperty' && !property.computed ? nameOf(property.key) : undefined

function* ofInvalidation(node: Node, [name, force]: CallSite['args']): Generator<FindingInFile> {
  const noName = name === undefined || (name.type === 'Identifier' && name.name === 'undefined') || textOf(name) === ''
  yield toCheck(
    node,
    'IMS is called without a client secret too; if IMS rejects the call, the local token is removed and the promise rejects',
    rows('invalidate-refused', 'invalidate-without-secret', 'invalidate-last-minutes'),
  )
  if (noName || name.type === 'NullLiteral')
    yield toCheck(node, 'without a name, the token of the current context is removed', rows('invalidate-current'))
  if (force !== undefined && !(force.type === 'BooleanLiteral' && !force.value))
    yield toCheck(node, 'with force, the access token is invalidated at IMS as well', rows('invalidate-both'))
}

function* ofCache(node: Node, args: CallSite['args']): Generator<FindingInFile> {
  yield toCheck(
    node,
    'validateToken works with a cache, which returns the result of the same token only',
    rows('validate-with-cache', 'cache-own-answer'),
  )
  const isLimited = args.length >= 3 && args.every((each) => each.type !== 'NumericLiteral' || each.value > 0)
  if (!isLimited)
    yield toCheck(
      node,
      'a cache without limits, or with 0, uses default limits: pass the limits that you need',
      rows('cache-limits'),
    )
}

function* ofContext(node: Node, method: string, args: CallSite['args']): Generator<FindingInFile> {
  const [first, second] = args
  if (method === 'get' || method === 'set') yield* ofName(node, first)
  const data = method === 'set' ? second : method === 'setCli' ? first : undefined
  if (data !== undefined) yield* contextData(bare(data))
}

function* ofName(node: Node, argument: Node | undefined): Generator<FindingInFile> {
  const name = textOf(argument)
  if (name?.includes('.'))
    yield toCheck(
      node,
      'a name with a dot is the name of a separate context, never a path into another context',
      rows('dotted-name'),
    )
}

function* ofIms(node: Node, method: string, args: CallSite['args']): Generator<FindingInFile> {
  if (validating.has(method))
    yield toCheck(
      node,
      'for a token that IMS rejects, the result is { valid: false, reason } instead of an error',
      rows('refused-token', 'no-verdict'),
    )
  if (method === 'get' || method === 'post') yield* ofRequest(node, method, args)
  if (args.some((each) => (each.type === 'Identifier' && each.name === 'undefined') || textOf(each) === ''))
    yield toCheck(node, 'a parameter without a value is not sent', rows('undefined-parameters'))
}

function* ofRequest(node: Node, method: 'get' | 'post', args: CallSite['args']): Generator<FindingInFile> {
  const path = textOf(args[0])
  if (path !== undefined && !path.startsWith('/')) yield toChange(node, 'start the path with /', rows('api-path'))
  yield toCheck(node, "every status from 200 to 299 is a success, with '' if there is no body", rows('any-2xx'))
  if (method === 'post')
    yield toCheck(
      node,
      'forms of every type are sent, as application/x-www-form-urlencoded',
      rows('post-forms', 'urlencoded'),
    )
  else if (args.length > 2) yield toCheck(node, 'the parameters are added to the URL', rows('get-parameters'))
}
