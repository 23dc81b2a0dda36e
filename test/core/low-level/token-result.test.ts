import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { unsignedToken } from '../scripted-server.ts'
import { ims, machineToken, userTokens } from './ims-on-emulator.ts'

describe('results', () => {
  it("toTokenResult reads the expiry of IMS's and of standard tokens", async () => {
    const ours = unsignedToken({ created_at: '1700000000000', expires_in: '86400000' })
    await expect(ims.toTokenResult(ours)).resolves.toMatchObject({
      access_token: { token: ours, expiry: 1_700_086_400_000 },
    })
    const standard = unsignedToken({ iat: 1_700_000_000, exp: 1_700_003_600 })
    await expect(ims.toTokenResult(standard)).resolves.toMatchObject({ access_token: { expiry: 1_700_003_600_000 } })
    for (const endless of [unsignedToken({}), unsignedToken({ created_at: 'x', expires_in: 'y' }), 'nonsense']) {
      await expect(ims.toTokenResult(endless)).rejects.toMatchObject({ code: 'BAD_TOKEN' })
    }
  })

  it('have their tokens, but do not show them when they are printed', async () => {
    const result = await userTokens()
    const { token } = result.access_token
    const shown = inspect(result, { depth: 9, showHidden: true })
    for (const secret of [token, result.refresh_token?.token ?? '?', String(result.payload.id_token)]) {
      expect(shown).not.toContain(secret)
    }
    expect(shown).toContain('[redacted]')
    expect(JSON.parse(JSON.stringify(result)).access_token.token).toBe(token)
  })

  it('an instance shows no secret either', async () => {
    await machineToken()
    expect(inspect(ims, { depth: 9, showHidden: true })).not.toContain('emulator-first-secret')
  })
})
