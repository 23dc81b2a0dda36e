import type { Node } from '@babel/types'
import { type FindingInFile, sections, toChange } from './finding.ts'
import { memberOf, type Place } from './syntax.ts'

const replacements: Readonly<Record<string, string>> = {
  signIn: 'replace it by login() of a client, in a click handler',
  signOut: 'replace it by logout() of a client, and open the address that it resolves to',
  getAccessToken:
    'replace it by await getToken() of a client, which rejects with LOGIN_REQUIRED if no user is signed in',
  isSignedInUser: 'replace it by getToken() of a client, which rejects with LOGIN_REQUIRED if no user is signed in',
  getProfile: 'replace it by new Ims().getProfile(token), or by the claims of getTokens()',
  refreshToken: 'remove it, because getToken() renews; getToken({ force: true }) requests a new token',
  validateToken: 'replace it by new Ims().validateToken(token)',
}
const otherMethod = "remove it, or replace it by a method of createClient of 'imskit/browser'"
const config =
  "replace it by createClient({ flow: authorizationCode({ … }), ...browserPlatform() }) of 'imskit/browser'"

/** Uses of Adobe's imslib: members of the global `adobeIMS`, and assignments to the global `adobeid`. */
export function* imslibIn(places: readonly Place[]): Generator<FindingInFile> {
  for (const { node } of places) {
    const member = memberOf(node)
    if (member !== undefined && isGlobal(member.object, 'adobeIMS')) {
      const todo = Object.hasOwn(replacements, member.name) ? replacements[member.name] : undefined
      yield toChange(node, todo ?? otherMethod, sections.imslib)
    }
    if (node.type === 'AssignmentExpression' && isGlobal(node.left, 'adobeid'))
      yield toChange(node, config, sections.imslib)
  }
}

const globals = new Set(['window', 'globalThis', 'self'])

/** Whether a node is the global variable `name`, or a property of the global object. */
function isGlobal(node: Node, name: string): boolean {
  if (node.type === 'Identifier') return node.name === name
  const member = memberOf(node)
  return member?.name === name && member.object.type === 'Identifier' && globals.has(member.object.name)
}
