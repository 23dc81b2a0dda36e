import { request as ask } from 'node:http'
import express from 'express'
import { expect, test, vi } from 'vitest'
import { toNode } from '../../../src/adapters/worker/index.ts'
import { serve } from './serve.ts'

test('has status, headers and each cookie, also those of an earlier middleware', async () => {
  const headers = new Headers({ 'x-one': '1', connection: 'close', 'transfer-encoding': 'identity' })
  for (const line of ['a=1', 'b=2; Expires=Thu, 01 Jan 2099 00:00:00 GMT']) headers.append('set-cookie', line)
  const app = express()
  app.use(
    (_, res, next) => {
      res.cookie('before', '0')
      next()
    },
    toNode(async () => new Response('text', { status: 418, headers })),
  )
  const response = await fetch(await serve(app))
  expect([response.status, response.headers.get('x-one'), await response.text()]).toEqual([418, '1', 'text'])
  expect(response.headers.getSetCookie()).toEqual(['before=0; Path=/', ...headers.getSetCookie()])
})

test('has no body for HEAD, 204 and 304', async () => {
  const bodies = vi.fn()
  const body = () => new ReadableStream({ cancel: bodies }, { highWaterMark: 0 })
  const origin = await serve(
    toNode(async ({ method, url }) => {
      const status = Number(new URL(url).pathname.slice(1))
      return new Response(method === 'HEAD' ? body() : null, { status })
    }),
  )
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    const response = await fetch(`${origin}/${status}`, { method })
    expect([response.status, await response.text()]).toEqual([status, ''])
  }
  expect(bodies).toHaveBeenCalledTimes(1)
})

test('is sent while it is made, no faster than the client reads', async () => {
  const large = new Uint8Array(1 << 20)
  let made = 0
  const response = () => {
    made = 0
    const pull = (controller: ReadableStreamDefaultController) => {
      if (made++ === 64) controller.close()
      else controller.enqueue(large)
    }
    return new Response(new ReadableStream({ pull }))
  }
  const origin = await serve(toNode(async () => response()))
  const { body } = await fetch(origin)
  const reader = body?.getReader()
  let length = (await reader?.read())?.value?.length ?? 0
  expect(made).toBeLessThan(64)
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) length += part.value.length
  expect(length).toBe(64 << 20)
})

test('is cancelled when the client leaves', async () => {
  const cancel = vi.fn()
  const first = new TextEncoder().encode('first')
  const body = () => new ReadableStream({ start: (controller) => controller.enqueue(first), cancel })
  const origin = await serve(toNode(async () => new Response(body())))
  const request = ask(origin, (response) => response.once('data', () => request.destroy())).on('error', () => {})
  request.end()
  await expect.poll(() => cancel.mock.calls.length).toBe(1)
})

test('reaches a client whose body was not read', async () => {
  const origin = await serve(
    toNode(async ({ body }) => {
      const reader = body?.getReader()
      await reader?.read()
      await reader?.cancel()
      return new Response('too long', { status: 413 })
    }),
  )
  const response = await fetch(origin, { method: 'POST', body: new Uint8Array(4 << 20) })
  expect([response.status, await response.text()]).toEqual([413, 'too long'])
})
