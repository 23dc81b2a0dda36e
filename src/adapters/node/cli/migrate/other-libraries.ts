import { type Bindings, type Meaning, meaningOf } from './bindings.ts'
import { type FindingInFile, sections, toChange, toCheck } from './finding.ts'
import { specifierOf } from './loading.ts'
import { libraryOf } from './old-names.ts'
import { callOf, memberOf, nameOf, type Place, textOf } from './syntax.ts'

/** Texts in programs that exchange a signed JWT at IMS. */
const aboutIms =
  /adobelogin\.com|adobe\.io\b|\/ims\/exchange\/jwt|^jwt_token$|\/s\/ent_|^ent_\w+$|@techacct\.adobe\.com|@AdobeOrg/

/** Uses of the libraries that imskit replaces by a different API. */
export function* otherLibrariesIn(places: readonly Place[], bindings: Bindings): Generator<FindingInFile> {
  const { libraries } = bindings
  const others = (['core-auth', 'jwt-auth', 'auth-token', 'jsonwebtoken'] as const).filter((each) =>
    libraries.has(each),
  )
  if (others.length === 0) return
  const signsForIms = libraries.has('jsonwebtoken') && places.some((place) => aboutIms.test(fixedText(place)))
  for (const place of places) {
    const { node } = place
    const loaded = node.type === 'ImportDeclaration' ? node.source.value : specifierOf(node, bindings.requires)
    const library = loaded === undefined ? undefined : libraryOf(loaded)
    if (library === 'core-auth')
      yield toChange(node, "import createClient and a flow from 'imskit/node' instead", sections.coreAuth)
    if (library === 'jwt-auth')
      yield toChange(node, "import createClient and jwtBearer from 'imskit/node' instead", sections.jwtAuth)
    if (library === 'auth-token')
      yield toChange(node, "import createClient and clientCredentials from 'imskit/node' instead", sections.authToken)
    const meaning = callOf(node) && calledIn(place, bindings)
    if (meaning?.library === 'core-auth') yield* ofCoreAuth(place, meaning.name)
    if (meaning?.library === 'jwt-auth')
      yield toChange(
        node,
        'replace it by createClient({ flow: jwtBearer({ … }) }) and its getToken()',
        sections.jwtAuth,
      )
    if (meaning?.library === 'auth-token')
      yield toChange(
        node,
        'replace it by createClient({ flow: clientCredentials({ … }) }) and its getToken()',
        sections.authToken,
      )
    if (meaning?.library === 'jsonwebtoken' && signsForIms) yield* ofJsonWebToken(place, meaning.name)
    if (libraries.has('core-auth')) yield* ofCoreAuthErrors(place)
  }
}

/** The export that a call calls. */
function calledIn(place: Place, bindings: Bindings): Meaning | undefined {
  const call = callOf(place.node)
  return call && meaningOf(bindings, call.callee, place)
}

function* ofCoreAuth({ node }: Place, name: string): Generator<FindingInFile> {
  if (name === 'generateAccessToken')
    yield toChange(
      node,
      'create a client once, by createClient({ flow: clientCredentials({ … }) }), and call its getToken()',
      sections.coreAuth,
    )
  if (name === 'invalidateCache')
    yield toChange(
      node,
      'replace it by client.forget(), or by getToken({ force: true }) for one call',
      sections.coreAuth,
    )
}

const newCodes: Readonly<Record<string, string>> = {
  IMS_TOKEN_ERROR: 'HTTP_ERROR, with status, imsError and requestId',
  GENERIC_ERROR: 'NETWORK_FAILED, TIMEOUT, HTTP_ERROR or IMS_MALFORMED',
  MISSING_PARAMETERS: 'BAD_OPTION, thrown by clientCredentials',
  BAD_SCOPES_FORMAT: 'BAD_OPTION, thrown by clientCredentials',
}

function* ofCoreAuthErrors({ node }: Place): Generator<FindingInFile> {
  const member = memberOf(node)
  const code = textOf(node) ?? member?.name ?? ''
  if (Object.hasOwn(newCodes, code)) yield toChange(node, `the code is ${newCodes[code]}`, sections.coreAuth)
  if (member?.name === 'sdkDetails')
    yield toChange(node, 'read status, imsError and requestId of the error', sections.coreAuth)
}

function* ofJsonWebToken({ node }: Place, name: string): Generator<FindingInFile> {
  if (name === 'sign')
    yield toChange(
      node,
      'jwtBearer({ … }) signs and sends the assertion: createClient({ flow: jwtBearer({ … }) })',
      sections.jsonwebtoken,
    )
  if (name === 'verify')
    yield toCheck(
      node,
      "for an IMS token, use new Ims('prod').verifyToken(token), which fetches the keys of IMS",
      sections.jsonwebtoken,
    )
  if (name === 'decode') yield toCheck(node, 'for an IMS token, use getTokenData(token)', sections.jsonwebtoken)
}

function fixedText({ node }: Place): string {
  if (node.type === 'TemplateElement') return node.value.raw
  if (node.type === 'ObjectProperty') return nameOf(node.key) ?? ''
  return textOf(node) ?? ''
}
