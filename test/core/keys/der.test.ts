import { describe, expect, it } from 'vitest'
import { derInteger, derNumber, derOid, derSequence, derShape, derValues } from '../../../src/core/keys/der.ts'

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16))
const one = (hex: string) => derValues(bytes(hex))?.[0]

describe('derValues', () => {
  it('splits one level', () => {
    const values = derValues(bytes('020105040202033003020107'))
    expect(values && derShape(values)).toBe('02 04 30')
    expect(values?.map(({ content }) => Array.from(content))).toEqual([[5], [2, 3], [2, 1, 7]])
    expect(derValues(bytes(''))).toEqual([])
  })

  it('takes the long form of lengths only where the short one does not do', () => {
    expect(one(`048180${'00'.repeat(128)}`)?.content).toHaveLength(128)
    expect(one(`04820100${'00'.repeat(256)}`)?.content).toHaveLength(256)
    expect(one(`04817f${'00'.repeat(127)}`)).toBeUndefined()
    expect(one(`04820080${'00'.repeat(128)}`)).toBeUndefined()
  })

  it.each(['04', '0402', '040200', '0481', '0482', '048201', '0480', '04800000', '04ff', '0485000000000100', '1f8100'])(
    'refuses %s',
    (hex) => expect(derValues(bytes(hex))).toBeUndefined(),
  )

  it('refuses more values than any key has', () => {
    expect(derValues(bytes('0500'.repeat(32)))).toHaveLength(32)
    expect(derValues(bytes('0500'.repeat(33)))).toBeUndefined()
  })
})

describe('derSequence', () => {
  it('takes one SEQUENCE and nothing behind it', () => {
    expect(derSequence(bytes('3003020105'))).toHaveLength(1)
    expect(derSequence(bytes('30030201050500'))).toBeUndefined()
    expect(derSequence(bytes('020105'))).toBeUndefined()
    expect(derSequence(bytes('3003020205'))).toBeUndefined()
    expect(derSequence(bytes(''))).toBeUndefined()
  })
})

describe('derInteger and derNumber', () => {
  it('reads non-negative integers', () => {
    expect(derNumber(one('020100'))).toBe(0)
    expect(derNumber(one('02020080'))).toBe(128)
    expect(derNumber(one('0203010001'))).toBe(65_537)
    expect(derNumber(one('020701000000000000'))).toBe(Number.POSITIVE_INFINITY)
    expect(derInteger(one('02020080'))).toEqual(bytes('80'))
  })

  it('refuses negative, padded and empty ones, and other types', () => {
    for (const hex of ['0201ff', '0202007f', '0200', '040105']) expect(derInteger(one(hex))).toBeUndefined()
    expect(derNumber(undefined)).toBeUndefined()
  })
})

describe('derOid', () => {
  it('reads object identifiers', () => {
    expect(derOid(one('06092a864886f70d010101'))).toBe('1.2.840.113549.1.1.1')
    expect(derOid(one('0609608648016503040102'))).toBe('2.16.840.1.101.3.4.1.2')
    expect(derOid(one('06032b6570'))).toBe('1.3.101.112')
    expect(derOid(one('0603883703'))).toBe('2.999.3')
  })

  it('refuses other types and endless ones', () => {
    expect(derOid(one('020105'))).toBeUndefined()
    expect(derOid(one('0600'))).toBeUndefined()
    expect(derOid(one(`0640${'ff'.repeat(64)}`))).toBeUndefined()
  })
})
