import { once } from 'node:events'
import { request as ask } from 'node:http'
import express from 'express'
import { describe, expect, test, vi } from 'vitest'
import { toNode } from '../../../src/adapters/worker/index.ts'
import { serve } from './serve.ts'

const fails = () => Promise.reject(new Error('a fault of the handler'))

describe('in Express', () => {
  test('what the handler does not handle is for the next middleware, its body unread', async () => {
    const handler = Object.assign(async () => new Response('ours'), {
      handles: (request: Request) => new URL(request.url).pathname === '/ours',
    })
    const app = express()
    app.use(toNode(handler), express.text())
    app.post('/theirs', (req, res) => void res.send(req.body))
    const origin = await serve(app)
    const post = async (path: string) => (await fetch(origin + path, { method: 'POST', body: 'body' })).text()
    expect(await post('/ours')).toBe('ours')
    expect(await post('/theirs')).toBe('body')
  })

  test('what the handler throws is for the error handler', async () => {
    const onError: express.ErrorRequestHandler = (error, _req, res, _next) => void res.status(503).send(error.message)
    const app = express().use(toNode(fails)).use(onError)
    const response = await fetch(await serve(app))
    expect([response.status, await response.text()]).toEqual([503, 'a fault of the handler'])
  })
})

describe('without a framework', () => {
  test('what the handler throws is a 500 without a text, and for onError', async () => {
    const onError = vi.fn()
    const response = await fetch(await serve(toNode(fails, { onError })))
    expect([response.status, await response.text()]).toEqual([500, ''])
    expect(onError.mock.calls).toEqual([[new Error('a fault of the handler')]])
  })

  test('or what its promise rejects with', async () => {
    const caught = vi.fn()
    const listener = toNode(fails)
    const response = await fetch(await serve((req, res) => void listener(req, res).catch(caught)))
    expect(response.status).toBe(500)
    await expect.poll(() => caught.mock.calls).toEqual([[new Error('a fault of the handler')]])
  })

  test('a client that has left aborts the request, and is not an error', async () => {
    const [started, left, onError] = [vi.fn(), vi.fn(), vi.fn()]
    const listener = toNode(
      async ({ signal }) => {
        started()
        await once(signal, 'abort')
        left()
        throw signal.reason
      },
      { onError },
    )
    const settled = vi.fn()
    const origin = await serve((req, res) => void listener(req, res).finally(settled))
    const request = ask(origin).on('error', () => {})
    request.end()
    await expect.poll(() => started.mock.calls.length).toBe(1)
    request.destroy()
    await expect.poll(() => settled.mock.calls.length).toBe(1)
    expect([left.mock.calls.length, onError.mock.calls.length]).toEqual([1, 0])
  })
})

test.each([[undefined], ['x'], [{}]])('refuses %s instead of a handler', (handler) => {
  expect(() => toNode(Object(handler))).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})

test('refuses what is not the request and response of Node', async () => {
  const listener = toNode(async () => new Response())
  await expect(listener(Object(new Request('https://x')), Object({}))).rejects.toMatchObject({ code: 'BAD_OPTION' })
})
