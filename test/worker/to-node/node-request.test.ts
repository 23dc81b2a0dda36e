import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { toNode } from '../../../src/adapters/worker/index.ts'
import { sendLines, serve } from './serve.ts'

/** Answers with what arrived. */
const echo = toNode(async (request) =>
  Response.json({
    method: request.method,
    url: request.url,
    authorization: request.headers.get('authorization'),
    text: await request.text(),
  }),
)

test('has method, address, headers and body of what Node received', async () => {
  const origin = await serve(echo)
  const headers = { authorization: 'Bearer x' }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    expect(await (await fetch(`${origin}/a?b=c`, { method, headers, body: 'text' })).json()).toEqual({
      method,
      url: `${origin}/a?b=c`,
      authorization: 'Bearer x',
      text: 'text',
    })
  expect(await (await fetch(origin)).json()).toMatchObject({ method: 'GET', text: '' })
})

test('is the same over HTTP/2', async () => {
  const server = createServer(echo).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => void session.close(() => server.close()))
  const stream = session.request({ ':method': 'POST', ':path': '/a' }, { endStream: false })
  stream.end('text')
  let text = ''
  for await (const chunk of stream) text += chunk
  expect(JSON.parse(text)).toMatchObject({ method: 'POST', text: 'text' })
})

test('has the host of the header Host, whatever the request line says', async () => {
  const origin = await serve(echo)
  const urlOf = async (line: string, host: string) => {
    const [, body = ''] = /(\{.*\})/.exec(await sendLines(origin, `GET ${line} HTTP/1.1`, `Host: ${host}`)) ?? []
    return JSON.parse(body).url
  }
  expect(await urlOf('//evil.example/x', 'app.example')).toBe('http://app.example//evil.example/x')
  expect(await urlOf('http://evil.example/x?y', 'app.example')).toBe('http://app.example/x?y')
  expect(await urlOf('/@evil.example', '[::1]:80')).toBe('http://[::1]/@evil.example')
})

test.each([
  ['user@evil.example', ['GET / HTTP/1.1', 'Host: user@evil.example']],
  ['a host with a path', ['GET / HTTP/1.1', 'Host: app.example/evil']],
  ['a port that is not a port', ['GET / HTTP/1.1', 'Host: app.example:99999']],
  ['a method that no Request has', ['TRACE / HTTP/1.1', 'Host: app.example']],
])('rejects %s', async (_, lines) => {
  expect(await sendLines(await serve(echo), ...lines)).toMatch(/^HTTP\/1\.1 400 /)
})

test('has every Authorization header, of which Node forgets all but the first', async () => {
  const lines = ['GET / HTTP/1.1', 'Host: app.example', 'Authorization: Bearer a', 'authorization: Bearer b']
  expect(await sendLines(await serve(echo), ...lines)).toContain('"authorization":"Bearer a, Bearer b"')
})

test('has the whole path of a mounted middleware, and the scheme that a trusted proxy says', async () => {
  const app = express().set('trust proxy', 'loopback').use('/mounted', echo)
  const origin = await serve(app)
  const headers = { 'x-forwarded-proto': 'https' }
  const { url } = (await (await fetch(`${origin}/mounted/x?y`, { headers })).json()) as { url: string }
  expect(url).toBe(`${origin.replace('http:', 'https:')}/mounted/x?y`)
})
