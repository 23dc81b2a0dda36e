import type { EmulatorContexts } from '../../../emulator/ready-made.ts'
import { startEmulator } from '../../../emulator/start.ts'
import { printable } from '../printable.ts'
import type { HttpsRelay } from './cert/https-relay.ts'
import { type OptionValues, UsageError } from './command.ts'
import { readStartOptions } from './emulator-options.ts'
import { type ShellVariables, usualRedirectPath } from './emulator-variables.ts'
import { printNote } from './output.ts'
import { optionInteger } from './parse.ts'

/** What a command has started. */
export interface Started {
  readonly url: string
  readonly contexts: EmulatorContexts
  /** The address of the relay, if there is one. */
  readonly relayUrl: string | undefined
  /** A redirect URI of a program, if the command line names one. */
  readonly redirectUri: string | undefined
  /** What a program needs to trust the emulator. */
  readonly trust: ShellVariables
  close(): Promise<void>
}

/** Starts an emulator, and a relay in front of an app, as the command line says. */
export async function startFromCommandLine(values: OptionValues): Promise<Started> {
  const options = readStartOptions(values)
  const target = optionInteger(values, 'relay', 65_535)
  const relayPort = optionInteger(values, 'relay-port', 65_535)
  if (relayPort !== undefined && target === undefined) throw new UsageError('The option --relay-port needs --relay.')
  const certificate = values.https === true || target !== undefined ? await loadCertificate() : undefined
  const tls = certificate && { cert: certificate.cert, key: certificate.key }
  const emulator = await startEmulator({ ...options, ...(tls && { tls }) })
  let relay: HttpsRelay | undefined
  if (target !== undefined && tls !== undefined) {
    try {
      const { startHttpsRelay } = await import('./cert/https-relay.ts')
      relay = await startHttpsRelay({ target, port: relayPort ?? 0, ...tls })
    } catch (error) {
      await emulator.close()
      throw error
    }
  }
  const named = options.redirectUris?.find((uri) => typeof uri === 'string')
  return {
    url: emulator.url,
    contexts: emulator.contexts,
    relayUrl: relay?.url,
    redirectUri: named ?? (relay && relay.url + usualRedirectPath),
    trust: certificate === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificate.files.ca },
    async close() {
      await Promise.all([relay?.close(), emulator.close()])
    },
  }
}

async function loadCertificate() {
  const { localCertificate } = await import('./cert/certificate-files.ts')
  const stored = await localCertificate()
  if (stored.isNew) {
    printNote(`Made a certificate for localhost: ${printable(stored.files.cert)}. To trust it, see: imskit cert`)
  }
  return stored
}
