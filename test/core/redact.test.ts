import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hideSecrets,
  REDACTED,
  redactText,
  requestIdOf,
  safeCause,
  secretNames,
  showAs,
} from '../../src/core/redact.ts'
import { unsignedToken } from './scripted-server.ts'

const jwt = unsignedToken({ client_id: 'canary' })
const pem = '-----BEGIN PRIVATE KEY-----\nMIIcanary\n-----END PRIVATE KEY-----'

describe('text of others', () => {
  it.each([
    ['a JWT', `expired: ${jwt}`],
    ['a JWT without its signature', `expired: ${jwt.slice(0, jwt.lastIndexOf('.'))}`],
    ['a bearer header', 'sent authorization: Bearer opaque.canary/+=='],
    ['a PEM key', `cannot read ${pem} here`],
    ['a PEM key on one line', `cannot read ${pem.replaceAll('\n', '\\n')}`],
    ['a cut PEM key', `cannot read ${pem.slice(0, 40)}`],
    ['an encrypted PEM key', pem.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE')],
  ])('loses %s by its shape', (_what, text) => {
    const clean = redactText(text)
    expect(clean).toContain(REDACTED)
    expect(clean).not.toMatch(/canary|eyJ/)
  })

  it('keeps what is harmless', () => {
    const text = 'invalid client_id parameter (eyJ is how tokens begin); Bearer is a scheme; x-debug-id 0-1'
    expect(redactText(text)).toBe(text)
  })

  it('loses given secrets wherever they stand, however they are encoded', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, unit: 'binary' }), fc.string(), fc.string(), (text, before, after) => {
        const secret = `c1${text}`
        if (before.includes(secret) || REDACTED.includes(secret)) return
        for (const form of [secret, encodeURIComponent(secret), new URLSearchParams({ s: secret }).toString().slice(2)])
          expect(redactText(`${before}<${form}>${after}`, [secret])).toContain(`<${REDACTED}>`)
      }),
      { numRuns: 100 },
    )
  })

  it('may hold half a character', () => {
    expect(redactText('a\uD800b quoted', ['a\uD800b-other', 'a\uD800b quoted'])).toBe(REDACTED)
  })

  it('is cut before it is looked at, and no part of a secret remains at the cut', () => {
    const secret = `s3cret-${'canary'.repeat(20)}`
    for (let before = 9_700; before < 10_300; before += 7) {
      const clean = redactText(`${'x '.repeat(before / 2)}${secret}${' y'.repeat(20_000)}`, [secret])
      expect(clean).not.toMatch(/s3cr|canary/)
      expect(clean.length).toBeLessThan(10_300)
    }
    // what is masked makes room, which must not bring the cut secret back
    const many = `${`${secret} `.repeat(300)}${'y'.repeat(50_000)}`
    for (let shift = 0; shift < 130; shift++)
      expect(redactText('z'.repeat(shift) + many, [secret])).not.toMatch(/s3cr|canary/)
    expect(redactText('a'.repeat(100_000))).toHaveLength(10_000)
  })

  it('loses control, escape and bidi characters, and stays on one line', () => {
    const hostile =
      '\u001b]0;title\u0007\u001b[2J\u009b31mred\r\nnext\tline\u2028\u202eback\u2066\u200bin\ufeffvisible\u{e0041}'
    expect(redactText(hostile)).toBe(']0;title[2J31mred  next line backinvisible')
    expect(redactText('\u00fcber \u65e5\u672c \u{1f600}')).toBe('\u00fcber \u65e5\u672c \u{1f600}')
  })

  it('does not hide a secret behind characters that are invisible', () => {
    const hidden = (text: string) => [...text].join('\u200b')
    expect(redactText(hidden('s3cret-canary'), ['s3cret-canary'])).toBe(REDACTED)
    expect(redactText(`a ${hidden(jwt)}`)).toBe(`a ${REDACTED}`)
    expect(redactText(hidden('Bearer opaque-canary'))).toBe(REDACTED)
  })

  it('redacts a JWT after others that only start like one', () => {
    expect(redactText(`eyJ.a eyJ..eyJ-${jwt} eyJa.b`)).toBe(`eyJ.a eyJ..${REDACTED} eyJa.b`)
  })

  it('is a foreign error’s name and code as well', () => {
    const foreign = Object.assign(new Error('x'), { name: `N\u001b[2J ${jwt}`, code: `C\u202e ${jwt}` })
    expect(safeCause(foreign)).toMatchObject({ name: `N[2J ${REDACTED}`, code: `C ${REDACTED}` })
  })

  it('is the id of a response', () => {
    const idOf = (id: string, secrets?: string[]) => requestIdOf(new Headers({ 'x-debug-id': id }), secrets)
    expect(requestIdOf(new Headers())).toBeUndefined()
    expect(idOf('f7a3-0001')).toBe('f7a3-0001')
    expect(idOf(`dbg ${jwt}`)).toBe(`dbg ${REDACTED}`)
    expect(idOf('dbg s3cret-canary', ['s3cret-canary'])).toBe(`dbg ${REDACTED}`)
    expect(idOf('x'.repeat(5_000))).toHaveLength(200)
  })
})

describe('a foreign error as a cause', () => {
  it('keeps name, message and code, and its causes', () => {
    const inner = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), { code: 'ECONNREFUSED' })
    const safe = safeCause(new TypeError('fetch failed', { cause: inner }))
    expect(safe).toMatchObject({ name: 'TypeError', message: 'fetch failed' })
    expect(safe.cause).toMatchObject({ message: 'connect ECONNREFUSED 127.0.0.1:9', code: 'ECONNREFUSED' })
  })

  it('loses everything that libraries hang on their errors', () => {
    const secrets = ['s3cret-canary']
    const foreign = Object.assign(new Error(`POST with s3cret-canary and ${jwt} failed`), {
      config: { headers: { authorization: `Bearer ${jwt}` } },
      response: { data: 's3cret-canary' },
      code: 20,
    })
    foreign.cause = Object.assign(new Error('s3cret-canary'), { request: 's3cret-canary' })
    const shown = inspect(safeCause(foreign, secrets), { showHidden: true, depth: 9 })
    expect(shown).not.toMatch(/canary|eyJ/)
    expect(shown).toContain(REDACTED)
    expect(inspect(safeCause(`text ${jwt}`), { showHidden: true })).not.toContain('eyJ')
    expect(safeCause(undefined).message).toBe('undefined')
    expect(safeCause(foreign)).not.toHaveProperty('code')
  })

  it('is not followed for ever', () => {
    const loop = new Error('loop')
    loop.cause = loop
    expect(inspect(safeCause(loop), { depth: 99 })).toContain('loop')
  })
})

describe('what is printed', () => {
  const data = () => ({
    client_id: 'public',
    client_secret: 'canary',
    client_secrets: ['canary', 'canary'],
    private_key: ['canary'],
    passphrase: 'canary',
    access_token: { token: 'canary', expiry: 5 },
    refresh_token: { token: 'canary', expiry: 6 },
    nested: [{ deeper: { code: 'canary', code_verifier: 'canary', authorization: 'canary' } }],
  })

  it('has no secret in it, and still says what it is', () => {
    const shown = inspect(hideSecrets(data()), { depth: 9, showHidden: true })
    expect(shown).not.toContain('canary')
    expect(shown).toContain('public')
    expect(shown).toContain('expiry: 5')
    expect(shown).toMatch(/nested: \[\s/)
    expect(`${inspect({ inside: [hideSecrets(data())] }, { depth: 9 })}`).not.toContain('canary')
  })

  it('is the only thing that changes', () => {
    const hidden = hideSecrets(data())
    expect(hidden).toEqual(data())
    expect(Object.keys(hidden)).toEqual(Object.keys(data()))
    expect(JSON.parse(JSON.stringify(hidden))).toEqual(data())
    expect(structuredClone(hidden)).toEqual(data())
  })

  it('can be said again of the same object', () => {
    const value = {}
    showAs(value, () => 'one')
    expect(inspect(showAs(value, () => 'two'))).toBe('two')
  })

  it('hides every secret by its name at any depth', () => {
    const names = [...secretNames]
    const secret = fc.constantFrom(...names).map((name) => ({ [name]: 'canary' }))
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        secret,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 3 }),
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(inspect(hideSecrets({ value }), { depth: 30 })).not.toContain('canary')
      }),
      { numRuns: 100 },
    )
  })
})
