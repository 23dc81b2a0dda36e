import { ImsResponseError } from '../errors.ts'
import type { Call } from '../ims/call.ts'
import { serverNow } from '../ims/server-clock.ts'
import type { PrivateKeySource } from '../keys/read-private-key.ts'
import { badOption, checkOptions, type OptionNames } from '../options.ts'
import type { AssertionClaims } from './assertion.ts'
import { flowId, requireText, scopeList, secretList } from './credentials.ts'
import type { MachineFlow } from './flow.ts'
import { invalidating } from './invalidating.ts'

import { loadJwtGrant } from './load-jwt-grant.ts'

export interface JwtBearerOptions extends AssertionClaims {
  readonly clientSecret: string
  readonly privateKey: PrivateKeySource
  readonly passphrase?: string | undefined
}

const optionNames: OptionNames<JwtBearerOptions> = {
  clientId: 1,
  clientSecret: 1,
  technicalAccountId: 1,
  orgId: 1,
  metaScopes: 1,
  privateKey: 1,
  passphrase: 1,
}

/**
 * Service Account (JWT): signs an assertion and exchanges it (`POST /ims/exchange/jwt`).
 *
 * @example
 * const flow = jwtBearer({ clientId, clientSecret, technicalAccountId, orgId, metaScopes, privateKey })
 *
 * @throws {ConfigurationError} `BAD_OPTION` for a missing or mistyped credential; `INVALID_KEY`, `INVALID_KEY_FILE`
 *   when the key is first used
 */
export function jwtBearer(options: JwtBearerOptions): MachineFlow {
  checkOptions('jwtBearer', options, optionNames)
  const { clientId, clientSecret, technicalAccountId, orgId } = options
  requireText('jwtBearer', { clientId, technicalAccountId, orgId })
  secretList('jwtBearer', clientSecret)
  const metaScopes = scopeList(options.metaScopes)
  // an empty list is explicit, and IMS decides about it
  if (metaScopes.length === 0 && !Array.isArray(options.metaScopes))
    throw badOption('jwtBearer needs at least one of metaScopes')
  if (typeof (options.passphrase ?? '') !== 'string') throw badOption('jwtBearer: passphrase must be a string')
  if (!options.privateKey) throw badOption('jwtBearer needs privateKey')
  let key: CryptoKey | undefined
  const exchange = async (call: Call) => {
    // signing and key formats are loaded when they are needed, and the key is imported once
    const { exchangeJwt, importKey, signClaims } = await loadJwtGrant()
    key ??= await importKey(options, call.readKey)
    const assertion = await signClaims(
      { ...options, metaScopes },
      { key, endpoint: call.endpoint, now: serverNow(call) },
    )
    return (await exchangeJwt(call, { clientId, clientSecret, assertion })).tokens
  }
  return {
    kind: 'jwt',
    confidential: true,
    id: flowId('jwt', [clientId, orgId, technicalAccountId, metaScopes]),
    clientId,
    orgId,
    scopes: metaScopes,
    invalidate: invalidating(clientId, () => clientSecret),
    async obtain(call) {
      const assumed = call.skew.ms
      try {
        return await exchange(call)
      } catch (error) {
        // a clock that is wrong by more than the assertion's lifetime: the refusal brought the server's time
        const clockWasWrong = error instanceof ImsResponseError && Math.abs(call.skew.ms - assumed) > 60_000
        if (!clockWasWrong) throw error
        return exchange(call)
      }
    },
  }
}
