import { describe, expect, test } from 'vitest'
import { callsOf } from '../../../src/adapters/node/cli/probe/calls.ts'
import { expectations } from '../../../src/adapters/node/cli/probe/expectations.ts'
import { evidence } from '../../emulator/evidence/index.ts'
import { isKnown, type Members, type Shape } from '../../emulator/evidence/row.ts'

/** The rows of the table of evidence that each expectation comes from; the first one gives the status. */
const rowsOf: Readonly<Record<string, readonly string[]>> = {
  discovery: ['discovery-root', 'discovery-not-advertised'],
  'discovery below /ims': ['discovery-ims'],
  'metadata of OAuth': ['discovery-oauth', 'discovery-not-advertised'],
  'protected resource': ['discovery-no-protected-resource'],
  keys: ['keys'],
  token: ['credentials-v3', 'access-token-header', 'access-token-lacks', 'access-token-signature'],
  'JWT exchange': ['jwt', 'access-token-header', 'access-token-lacks', 'access-token-signature'],
  validation: ['validate-body', 'validate-no-scopes'],
  'altered token': ['validate-invalid'],
  revocation: ['revoke-confidential'],
  invalidation: ['invalidate-access'],
  'revoked token': ['validate-invalid'],
  'unknown client': ['credentials-unknown-client'],
  'wrong secret': ['credentials-wrong-secret-v3'],
  'wrong secret at the JWT exchange': ['jwt-wrong-secret'],
  'secret of a public client': ['code-public-with-secret'],
  'unknown grant': ['token-password-public'],
  'grant of another kind of client': ['credentials-wrong-grant'],
  'unknown scope': ['credentials-invalid-scope'],
  'malformed JWT': ['jwt-undecodable'],
  'altered JWT': ['jwt-wrong-key'],
  'unknown metascope': ['jwt-foreign-metascope'],
  'unknown code': ['code-v3-used'],
}

describe('the expectations', () => {
  test('each belongs to a call of some kind of context', () => {
    const credential = { endpoint: 'https://ims.example', clientId: 'c', scopes: [], secrets: [] }
    const kinds = ['oauth_server_to_server', 'jwt', 'oauth', 'oauth_public']
    const names = kinds.flatMap((kind) => callsOf({ ...credential, kind }).map(({ name }) => name))
    expect(Object.keys(expectations).filter((name) => !names.includes(name))).toEqual([])
    expect(Object.keys(rowsOf).sort()).toEqual(Object.keys(expectations).sort())
  })

  const known = new Map(evidence.flatMap(({ rows }) => rows.filter(isKnown).map((row) => [row.id, row])))
  const rows = Object.entries(rowsOf).flatMap(([call, ids]) => ids.map((id, place) => ({ call, id, place })))

  test.each(rows)('$call says what the row $id of the evidence says', ({ call, id, place }) => {
    const row = known.get(id)
    const expected = expectations[call] ?? {}
    if (row === undefined) expect.fail(`there is no row ${id} with an answer`)
    const { status, body = {} } = row.answer
    if (place === 0) expect(expected.status).toEqual({ values: [String(status)], confidence: row.confidence })
    for (const [name, value] of Object.entries(body as Members)) {
      const said = expected[name]
      const text = textOf(value)
      if (said !== undefined && text !== undefined) expect(said.values, name).toContain(text)
      else if (row.answer.exact === true) expect(expected, `${name} is missing`).toHaveProperty(name)
    }
  })

  /** A value of the table as the probe shows it; `undefined` if the table does not give one. */
  function textOf(value: Shape): string | undefined {
    if (Array.isArray(value)) return [...value].sort().join(', ')
    if (typeof value === 'object') return (value as { $?: string } | null)?.$ === 'absent' ? 'absent' : undefined
    return String(value).replace('{endpoint}', '{ims}')
  }
})
