import { discoveryPath } from '../../../../core/ims/endpoints/discovery.ts'
import { keysPath } from '../../../../core/ims/endpoints/keys.ts'
import { tokenV3 } from '../../../../core/ims/endpoints/token.ts'
import { userinfoPath } from '../../../../core/ims/endpoints/userinfo.ts'
import { type ProbeCall, unknownName } from './call.ts'
import { answerMembers, keyFacts, keysOf, metadataFacts } from './facts.ts'

const get = (path: string) => () => ({ path })

/** The requests that need no credential. */
export const publicCalls: readonly ProbeCall[] = [
  {
    name: 'discovery',
    about: 'GET /.well-known/openid-configuration',
    request: get('/.well-known/openid-configuration'),
    read: metadataFacts,
  },
  {
    name: 'discovery below /ims',
    about: `GET ${discoveryPath}`,
    request: get(discoveryPath),
    read: (answer, show) => ({ issuer: show(answerMembers(answer).issuer) }),
  },
  {
    name: 'metadata of OAuth',
    about: 'GET /.well-known/oauth-authorization-server',
    request: get('/.well-known/oauth-authorization-server'),
    read: metadataFacts,
  },
  {
    name: 'protected resource',
    about: 'GET /.well-known/oauth-protected-resource, which is not there',
    request: get('/.well-known/oauth-protected-resource'),
  },
  {
    name: 'keys',
    about: `GET ${keysPath}`,
    request: get(keysPath),
    read(answer, show, progress) {
      progress.keys = keysOf(answer)
      return keyFacts(answer, show)
    },
  },
  {
    name: 'unknown client',
    about: `POST ${tokenV3.path} for a client that does not exist`,
    request: () => ({
      path: tokenV3.path,
      form: { grant_type: 'client_credentials', client_id: unknownName, client_secret: unknownName, scope: 'openid' },
    }),
  },
  {
    name: 'user information for no token',
    about: `GET ${userinfoPath} with text that is not a token`,
    request: () => ({ path: userinfoPath, headers: { authorization: `Bearer ${unknownName}` } }),
  },
]
