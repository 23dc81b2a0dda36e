import { expect, it } from 'vitest'
import type { ImsOptions } from '../../src/core/index.ts'
import { imsAt } from './ims/ims-on-server.ts'

it('a wrong option is named', () => {
  const wrong: unknown[] = [
    { timeout: 0 },
    { timeout: -1 },
    { timeout: Number.NaN },
    { timeout: '1000' },
    { retry: { retries: -1 } },
    { retry: { baseDelay: Number.NaN } },
    { retry: { maxDelay: '5' } },
    { fetch: 'fetch' },
  ]
  for (const options of wrong) {
    const name = Object.keys(options as object)[0] ?? ''
    expect(() => imsAt(options as ImsOptions)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(name) }),
    )
  }
  expect(() => imsAt({ retry: { retries: undefined } as never })).not.toThrow()
})
