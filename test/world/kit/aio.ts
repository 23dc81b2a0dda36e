import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import type { RunningEmulator } from '../../../src/emulator/index.ts'
import { createPerson } from '../../emulator/person.ts'
import { type Child, type Ended, startChild } from '../../kit/child.ts'
import { newPlace, type Place } from '../../kit/place.ts'
import type { Library } from './neighbours.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const redirectRequests = fileURLToPath(new URL('../../kit/fixtures/redirect-requests.cjs', import.meta.url))

export interface Targets {
  readonly library: Library
  /** The server for requests to IMS. */
  readonly prod: RunningEmulator
  /** The server for requests to the stage environment. Default: `prod`. */
  readonly stage?: RunningEmulator
}

/** The variables that send the requests of a library to the emulators. */
export function requestsTo({ library, prod, stage = prod }: Targets): Record<string, string> {
  const hosts = { PROOF_PROD: prod.url, PROOF_STAGE: stage.url }
  if (library === 'aio-lib-ims') return { ...hosts, NODE_OPTIONS: `--require=${redirectRequests}` }
  return { ...hosts, NODE_OPTIONS: `--require=${fixture('redirect-relay.cjs')}`, AIO_IMS_CONFIG_ENDPOINT: prod.url }
}

/** A user's machine with the command `aio`. */
export interface Machine {
  readonly place: Place
  /** Starts `aio` with the plug-in in the folder `plugin`. */
  start(plugin: string, args: readonly string[], options?: { terminal?: boolean }): Child
  /** Runs it to its end. */
  run(plugin: string, args: readonly string[]): Promise<Ended>
  /** The addresses that a browser was opened with. */
  opened(): readonly string[]
}

export function newMachine(env: Record<string, string>): Machine {
  const place = newPlace(env)
  const [browser, log] = [join(place.home, 'browser'), join(place.home, 'opened')]
  writeFileSync(browser, `#!/bin/sh\necho "$1" >> '${log}'\n`)
  chmodSync(browser, 0o755)
  const start: Machine['start'] = (plugin, args, options) => {
    const own = { ...place, env: { ...place.env, BROWSER: browser, NEIGHBOUR: plugin } }
    return startChild(own, [process.execPath, fixture('aio.cjs'), ...args], options)
  }
  return {
    place,
    start,
    run: (plugin, args) => start(plugin, args).ended,
    opened: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  }
}

/** Signs in at the address that the command prints, and follows the redirects of the emulator. */
export async function signInAtShownAddress(child: Child, emulator: RunningEmulator): Promise<string> {
  const [, address = ''] = await child.said(/(https?:\/\/\S+id=\S+)\s/)
  await signIn(address, emulator)
  return address
}

/** The same at the address that the browser was opened with. */
export async function signInAtOpenedAddress(machine: Machine, emulator: RunningEmulator): Promise<void> {
  await vi.waitUntil(() => machine.opened().length > 0, { timeout: 30_000, interval: 50 })
  await signIn(machine.opened().at(-1) ?? '', emulator)
}

async function signIn(address: string, emulator: RunningEmulator): Promise<void> {
  const { url } = await createPerson(emulator).visit(address)
  await fetch(url, { redirect: 'manual' })
}
