import { createServer } from 'node:http'
import { fakeToken } from '../fixtures.mjs'
import { answerQuestions } from '../worker.mjs'

// Answers every request with a new token, as fast as a small server can, or after the delay it was started with (ms).
const delay = Number(process.argv[2] ?? 0)
let requests = 0

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    requests += 1
    const body = JSON.stringify({ access_token: fakeToken(`t${requests}`), token_type: 'bearer', expires_in: 86_399 })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const answer = () => response.writeHead(200, headers).end(body)
    if (delay === 0) answer()
    else setTimeout(answer, delay)
  })
})
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`
  answerQuestions((question) => (question === 'url' ? url : requests))
})
process.on('disconnect', () => process.exit())
