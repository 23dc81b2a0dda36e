import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { degradation } from '../../src/core/degradation.ts'
import { clientCredentials, createClient, type ImsEvent, memoryPlatform } from '../../src/core/index.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const flow = clientCredentials({ clientId: 'app', clientSecret: 'secret', scopes: 'openid' })

test('every client of a platform receives each reason, also a client that is created later', () => {
  const { onDegraded, report } = degradation()
  const heard: string[] = []
  const clientWith = (name: string) =>
    createClient({
      flow,
      ...memoryPlatform(),
      report,
      onEvent: (event: ImsEvent) => void (event.type === 'store-degraded' && heard.push(`${name}: ${event.reason}`)),
    })
  const first = clientWith('first')
  onDegraded('locked')
  const second = clientWith('second')
  onDegraded('denied')
  expect(heard).toEqual(['first: locked', 'second: locked', 'first: denied', 'second: denied'])
  for (const client of [first, second]) client.close()
})

test('clients that are not in use any more are collected', async () => {
  const { onDegraded, report } = degradation()
  let told = 0
  const onEvent = () => {
    told++
  }
  for (let client = 0; client < 1000; client++) createClient({ flow, ...memoryPlatform(), report, onEvent })
  // a WeakRef lives at least until the end of the task that made it
  await new Promise((resolve) => setTimeout(resolve))
  collectGarbage()
  onDegraded('locked')
  expect(told).toBeLessThan(10)
})
