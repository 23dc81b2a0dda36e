import { describe, expect, it } from 'vitest'
import type { ImsEvent } from '../../../src/core/index.ts'
import { fakeClock } from '../../../src/testing/index.ts'
import { failureOf, json, unsignedToken } from '../scripted-server.ts'
import { ask, good, imsAt, server } from './ims-on-server.ts'

describe('the server’s clock', () => {
  const at = (ms: number): Record<string, string> => ({ date: new Date(ms).toUTCString() })

  it('is learned from Date if it is more than a minute off, and emitted once', async () => {
    const clock = fakeClock()
    const events: ImsEvent[] = []
    const ims = imsAt({ clock, onEvent: (event) => void (event.type === 'clock-skew' && events.push(event)) })
    server.play(json(good, 200, at(clock.now() + 59_000)))
    await ask(ims)
    expect(events).toEqual([])
    server.play(json(good, 200, at(clock.now() - 7_200_000)))
    await ask(ims)
    await ask(ims)
    expect(events).toMatchObject([{ type: 'clock-skew', skew: -7_200_000 }])
  })

  it('corrects an expiry that only the claims tell; one from expires_in needs no correction', async () => {
    const clock = fakeClock()
    const theirs = clock.now() + 5 * 3_600_000
    const access_token = unsignedToken({ created_at: String(theirs), expires_in: '3600000' })
    server.play(json({ access_token }, 200, at(theirs)))
    expect((await ask(imsAt({ clock }))).access_token.expiry - clock.now()).toBe(3_600_000)
    server.play(json({ ...good, access_token }, 200, at(theirs)))
    expect((await ask(imsAt({ clock }))).access_token.expiry - clock.now()).toBe(3_600_000)
  })

  it('is learned from a refusal as well', async () => {
    const clock = fakeClock()
    const skews: number[] = []
    server.play(json({ error: 'invalid_token' }, 400, at(clock.now() + 600_000)))
    await failureOf(
      ask(imsAt({ clock, onEvent: (event) => void (event.type === 'clock-skew' && skews.push(event.skew)) })),
    )
    expect(skews).toEqual([600_000])
  })

  it('that is nonsense is not believed', async () => {
    server.play(json(good, 200, { date: 'yesterday' }))
    const skews: ImsEvent[] = []
    await ask(imsAt({ onEvent: (event) => void (event.type === 'clock-skew' && skews.push(event)) }))
    expect(skews).toEqual([])
  })
})
