import { gzipSync } from 'node:zlib'
import express, { type RequestHandler } from 'express'
import { describe, expect, test } from 'vitest'
import { toNode } from '../../../src/adapters/worker/index.ts'
import { serve } from './serve.ts'

/** An app with `parser` before a handler that answers with the body and the headers about it. */
async function site(...parsers: readonly RequestHandler[]) {
  const app = express()
  for (const parser of parsers) app.use(parser)
  app.use(
    toNode(async (request) => {
      const { byteLength: length } = await request.clone().arrayBuffer()
      const { headers } = request
      const about = ['content-type', 'content-encoding', 'content-length', 'digest'].map((name) => headers.get(name))
      return Response.json({ length, text: await request.text(), about })
    }),
  )
  const refused: express.ErrorRequestHandler = (error, _, res, next) => {
    if (res.headersSent) return next(error)
    res.status(500).json({ code: error.code, message: error.message })
  }
  app.use(refused)
  const origin = await serve(app)
  return async (type: string, body: BodyInit, headers: Record<string, string> = {}) =>
    (await fetch(origin, { method: 'POST', body, headers: { 'content-type': type, ...headers } })).json()
}

const json = '{"a":[1,"ü"]}'

describe('a body that a parser has read', () => {
  test.each([
    ['express.json', express.json(), 'application/json', json],
    ['express.json, of a type with a suffix', express.json({ type: '*/*' }), 'application/vnd.x+json', json],
    ['express.json, null', express.json({ strict: false }), 'application/json', 'null'],
    ['express.json, a text', express.json({ strict: false }), 'application/json', '"text"'],
    [
      'express.urlencoded',
      express.urlencoded({ extended: false }),
      'application/x-www-form-urlencoded',
      'a=1&a=2&b=%C3%BC',
    ],
    ['express.text', express.text(), 'text/plain', 'über'],
    ['express.raw', express.raw(), 'application/octet-stream', 'bytes'],
  ])('is sent again: %s', async (_, parser, type, body) => {
    expect(await (await site(parser))(type, body)).toMatchObject({ text: body })
  })

  test('loses the headers about its former bytes', async () => {
    const post = await site(express.json())
    const headers = { 'content-encoding': 'gzip', digest: 'sha-256=x' }
    const about = ['application/json', null, null, null]
    expect(await post('application/json', new Uint8Array(gzipSync(json)), headers)).toMatchObject({ text: json, about })
  })

  test('is UTF-8, whatever it was', async () => {
    const post = await site(express.text())
    expect(await post('text/plain; charset=latin1', new Uint8Array([0xfc]))).toMatchObject({
      text: 'ü',
      about: ['text/plain; charset=utf-8', null, null, null],
    })
  })

  test('is exactly the bytes that the parser stored as rawBody', async () => {
    const verify = (req: object, _: unknown, bytes: Uint8Array) => void Object.assign(req, { rawBody: bytes })
    const exact = '{ "id": 12345678901234567890 }'
    expect(await (await site(express.json({ verify })))('application/json', exact)).toMatchObject({ text: exact })
    expect(await (await site(express.json()))('application/json', exact)).not.toMatchObject({ text: exact })
  })

  test.each([
    ['with nested fields', express.urlencoded({ extended: true }), 'application/x-www-form-urlencoded', 'a[b]=c'],
    [
      'of which nothing is left',
      (async (req, _, next) => {
        for await (const _ of req);
        next()
      }) satisfies RequestHandler,
      'multipart/form-data; boundary=x',
      '--x--',
    ],
  ])('is refused: a form %s', async (_, parser, type, body) => {
    expect(await (await site(parser))(type, body)).toMatchObject({ code: 'BAD_OPTION' })
  })
})

test('a body that parsers have left alone arrives unchanged', async () => {
  const post = await site(express.json(), express.urlencoded())
  expect(await post('text/plain', 'über')).toMatchObject({ text: 'über', about: ['text/plain', null, '5', null] })
})

test('a request without a body has no body after a parser, either', async () => {
  expect(await (await site(express.json()))('application/json', '')).toMatchObject({ text: '' })
})
