import autocannon from 'autocannon'
import { startWorker } from '../worker.mjs'

/** s of load on each server */
const duration = Number(process.env.BENCH_LOAD_SECONDS ?? 60)
const connections = 32

/** The guard beside jose's own check in the same server, and the emulator, under load. */
export default async function load() {
  const emulator = await startWorker('emulator-server')
  try {
    const { url, form } = await emulator.ask('facts')
    const body = new URLSearchParams({ ...form, grant_type: 'client_credentials' }).toString()
    const tokens = {
      url: `${url}/ims/token/v3`,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    }
    const { access_token } = await (await fetch(tokens.url, tokens)).json()
    const authorized = { headers: { authorization: `Bearer ${access_token}` } }
    const guard = await loadOn('checking-server', ['ours', url], authorized)
    const jose = await loadOn('checking-server', ['jose', url], authorized)
    const issued = await underLoad(tokens, emulator)
    return [
      {
        figure: `guard, ${duration} s of ${connections} connections: requests a second; p99; memory`,
        ours: said(guard),
        floor: `${said(jose)} (jose)`,
        ratio: `${(guard.rate / jose.rate).toFixed(2)}x`,
      },
      { figure: `emulator, ${duration} s: tokens a second; p99; memory`, ours: said(issued) },
    ]
  } finally {
    await emulator.end()
  }
}

const said = ({ rate, p99, memory }) => `${Math.round(rate)}; ${p99} ms; ${memory} MB`

async function loadOn(name, args, request) {
  const worker = await startWorker(name, args)
  try {
    return await underLoad({ url: await worker.ask('url'), ...request }, worker)
  } finally {
    await worker.end()
  }
}

async function underLoad(request, worker) {
  const found = await autocannon({ ...request, connections, duration })
  const refused = found.non2xx + found.errors
  if (refused > 0) throw new Error(`${refused} of ${found.requests.total} requests to ${request.url} failed`)
  return { rate: found.requests.average, p99: found.latency.p99, memory: await worker.ask('memory') }
}
