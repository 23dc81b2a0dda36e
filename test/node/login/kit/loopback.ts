import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach } from 'vitest'
import { type LoopbackRedirectOptions, loopbackRedirect } from '../../../../src/adapters/node/lazy.ts'
import type { Trip } from '../../../../src/core/ports.ts'

export const state = '0123456789abcdef0123456789abcdef'
export const authorizationUrl = new URL(`https://ims.example/ims/authorize/v2?client_id=c&state=${state}`)
export const isLinux = process.platform === 'linux'
export const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

const trips: Trip[] = []

/** Closes the trips that the test started; they are also closed after each test. */
export async function closeTrips(): Promise<void> {
  for (const trip of trips.splice(0)) await trip.close()
}
afterEach(closeTrips)

/** Starts a trip. The test plays the user: no browser is opened, and no terminal is read. */
export async function startTrip(options: LoopbackRedirectOptions = {}, signal?: AbortSignal) {
  const lines: string[] = []
  const redirect = loopbackRedirect({ env: {}, open: false, output: (line) => lines.push(line), ...options })
  const trip = await redirect.prepare({ signal })
  trips.push(trip)
  return { trip, lines, port: Number(new URL(trip.redirectUri).port) }
}

/** The address of a callback that answers the login. */
export function callbackUrl(trip: Trip, query: Record<string, string> = {}): string {
  return `${trip.redirectUri}?${new URLSearchParams({ code: 'the-code', state, ...query })}`
}

export interface RawRequest {
  readonly method?: string
  readonly path?: string
  readonly host?: string | undefined
  readonly address?: string
  readonly body?: string
}

/** Sends one request as exact bytes; resolves to the whole response. */
export function sendRaw(
  port: number,
  { method = 'GET', path = '/', host, address = '127.0.0.1', body }: RawRequest,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address, () => {
      const length = body === undefined ? '' : `Content-Length: ${body.length}\r\n`
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host ?? `127.0.0.1:${port}`}\r\n${length}\r\n${body ?? ''}`)
    })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

/** The local addresses on which a process listens on `port`, from the kernel's table. */
export async function listenersOn(port: number): Promise<string[]> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const names: Record<string, string> = { '0100007F': '127.0.0.1', '00000000000000000000000001000000': '::1' }
  const found: string[] = []
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of (await readFile(table, 'utf8').catch(() => '')).split('\n')) {
      const [, local = '', , status] = row.trim().split(/\s+/)
      const [address = ''] = local.split(':')
      if (status === '0A' && local.endsWith(suffix)) found.push(names[address] ?? address)
    }
  }
  return found
}

/** The IPv4 addresses of this machine that other machines can reach. */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flat()
  return all.filter((one) => one && !one.internal && one.family === 'IPv4').map((one) => one?.address ?? '')
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
