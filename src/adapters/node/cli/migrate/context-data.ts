import type { Node } from '@babel/types'
import { type Found, ofRows } from './finding.ts'
import { propertyOf, textOf } from './syntax.ts'

const noObject = new Set(['StringLiteral', 'TemplateLiteral', 'NumericLiteral', 'BooleanLiteral', 'ArrayExpression'])

/** What the rows of the table of differences say about the data that `context.set` is given. */
export function* contextData(data: Node): Generator<Found> {
  if (noObject.has(data.type))
    yield ofRows(data, 'change', 'pass an object: data that is none is refused with INVALID_CONTEXT_DATA', [
      'context-data',
    ])
  if (data.type !== 'ObjectExpression') return
  yield* textsOf(data)
  yield* scopesOf(data)
  const env = propertyOf(data, 'env')
  const name = textOf(env)
  if (env && name !== undefined && name !== 'prod' && name !== 'stage')
    yield ofRows(env, 'change', 'write prod or stage: another env is refused with BAD_OPTION', ['unknown-env'])
  const secrets = propertyOf(data, 'client_secrets')
  if (secrets?.type === 'ArrayExpression' && secrets.elements.length > 1)
    yield ofRows(secrets, 'check', 'if IMS rejects the first secret, the next one is tried', ['secret-rotation'])
  const webApp = propertyOf(data, 'client_secret')
  if (webApp && propertyOf(data, 'scope') && !propertyOf(data, 'technical_account_id'))
    yield ofRows(
      data,
      'check',
      'users sign in at IMS itself: register a redirect URI for 127.0.0.1, or set redirect_uri',
      ['own-login'],
    )
}

/** Lists that are written as one text. */
function* textsOf(data: Node): Generator<Found> {
  for (const key of ['meta_scopes', 'metascopes']) {
    const value = propertyOf(data, key)
    if (value && textOf(value) !== undefined)
      yield ofRows(value, 'check', 'a text is one metascope, and no longer one for each character', ['metascope-text'])
  }
  for (const key of ['client_secrets', 'scopes']) {
    const value = propertyOf(data, key)
    if (value && textOf(value) !== undefined)
      yield ofRows(value, 'check', 'one value as text is understood', ['values-as-text'])
  }
}

function* scopesOf(data: Node): Generator<Found> {
  if (data.type !== 'ObjectExpression' || !propertyOf(data, 'client_secrets')) return
  const known = data.properties.every((property) => property.type === 'ObjectProperty' && !property.computed)
  const scopes = propertyOf(data, 'scopes') ?? propertyOf(data, 'scope')
  if (known && (scopes === undefined || (scopes.type === 'ArrayExpression' && scopes.elements.length === 0)))
    yield ofRows(data, 'change', 'add scopes: a server-to-server context without any is refused with BAD_OPTION', [
      'no-scopes',
    ])
}
