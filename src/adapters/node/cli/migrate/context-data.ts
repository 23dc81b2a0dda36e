import type { Node } from '@babel/types'
import { type FindingInFile, rows, toChange, toCheck } from './finding.ts'
import { propertyOf, textOf } from './syntax.ts'

const noObject = new Set(['StringLiteral', 'TemplateLiteral', 'NumericLiteral', 'BooleanLiteral', 'ArrayExpression'])

/** The differences that apply to the data of a call of `context.set`. */
export function* contextData(data: Node): Generator<FindingInFile> {
  if (noObject.has(data.type))
    yield toChange(data, 'pass an object: other data is rejected with INVALID_CONTEXT_DATA', rows('context-data'))
  if (data.type !== 'ObjectExpression') return
  yield* listsAsText(data)
  yield* missingScopes(data)
  const env = propertyOf(data, 'env')
  const name = textOf(env)
  if (env && name !== undefined && name !== 'prod' && name !== 'stage')
    yield toChange(env, 'write prod or stage: any other env is rejected with BAD_OPTION', rows('unknown-env'))
  const secrets = propertyOf(data, 'client_secrets')
  if (secrets?.type === 'ArrayExpression' && secrets.elements.length > 1)
    yield toCheck(secrets, 'if IMS rejects the first secret, the next one is tried', rows('secret-rotation'))
  if (propertyOf(data, 'client_secret') && propertyOf(data, 'scope') && !propertyOf(data, 'technical_account_id'))
    yield toCheck(
      data,
      'users sign in at IMS itself: register a redirect URI for 127.0.0.1, or set redirect_uri',
      rows('own-login'),
    )
}

function* listsAsText(data: Node): Generator<FindingInFile> {
  for (const key of ['meta_scopes', 'metascopes']) {
    const value = propertyOf(data, key)
    if (value && textOf(value) !== undefined)
      yield toCheck(value, 'a string is one metascope; it was one metascope for each character', rows('metascope-text'))
  }
  for (const key of ['client_secrets', 'scopes']) {
    const value = propertyOf(data, key)
    if (value && textOf(value) !== undefined)
      yield toCheck(value, 'a string is accepted as a list of one value', rows('values-as-text'))
  }
}

function* missingScopes(data: Node): Generator<FindingInFile> {
  if (data.type !== 'ObjectExpression' || !propertyOf(data, 'client_secrets')) return
  const isComplete = data.properties.every((property) => property.type === 'ObjectProperty' && !property.computed)
  const scopes = propertyOf(data, 'scopes') ?? propertyOf(data, 'scope')
  if (isComplete && (scopes === undefined || (scopes.type === 'ArrayExpression' && scopes.elements.length === 0)))
    yield toChange(
      data,
      'add scopes: a server-to-server context without scopes is rejected with BAD_OPTION',
      rows('no-scopes'),
    )
}
