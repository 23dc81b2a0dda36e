import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished, vi } from 'vitest'
import { outputOf } from '../../kit/output.ts'
import type { Place } from '../../kit/place.ts'

/** The keychain of a user on Linux: gnome-keyring on a D-Bus of its own. */
export interface SecretService {
  /** What a program needs to find it. */
  readonly env: Record<string, string>
  lock(): Promise<void>
}

/** A bus that starts no service by itself, so that the keychain of the machine stays out of it. */
const configuration = (
  place: string,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=${place}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`

/** A D-Bus without a secret service; it is stopped when the test has finished. */
export async function startBus(place: Place): Promise<Record<string, string>> {
  const runtime = join(place.home, 'run')
  mkdirSync(runtime, { recursive: true })
  chmodSync(runtime, 0o700)
  const file = join(runtime, 'bus.conf')
  writeFileSync(file, configuration(runtime))
  const bus = started('dbus-daemon', [`--config-file=${file}`, '--nofork', '--print-address=1'], place.env)
  const [, address = ''] = await outputOf(bus, once(bus, 'close')).said(/^(unix:\S+)$/m)
  return { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: runtime }
}

/** gnome-keyring, unlocked with the user's password as a login does it. */
export async function startSecretService(place: Place): Promise<SecretService> {
  const env = await startBus(place)
  const all = { ...place.env, ...env }
  const daemon = started('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], all)
  daemon.stdin?.end('password of the user')
  const secrets = '/org/freedesktop/secrets'
  const login = `${secrets}/collection/login`
  const ready = ['org.freedesktop.DBus', '/', 'org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets']
  await vi.waitUntil(async () => (await send(ready, all)).includes('true'), { timeout: 10_000 })
  // its collection is there a moment after its name
  const unlocked = ['org.freedesktop.secrets', secrets, 'org.freedesktop.Secret.Service.ReadAlias', 'string:default']
  await vi.waitUntil(async () => (await send(unlocked, all)).includes(login), { timeout: 10_000 })
  const lock = async () => {
    await send(
      ['org.freedesktop.secrets', secrets, 'org.freedesktop.Secret.Service.Lock', `array:objpath:${login}`],
      all,
    )
  }
  return { env, lock }
}

function started(file: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  onTestFinished(async () => {
    const closed = once(child, 'close')
    if (child.exitCode === null && child.kill('SIGKILL')) await closed
  })
  return child
}

/** What the bus answers to a call. */
async function send(call: readonly string[], env: Record<string, string>): Promise<string> {
  const [destination, ...rest] = call
  const args = ['--session', '--print-reply', `--dest=${destination}`, ...rest]
  return (await promisify(execFile)('dbus-send', args, { env })).stdout
}
