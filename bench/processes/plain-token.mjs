import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

const lookEvery = 5

/** The least that keeps processes apart: a lock file, and a file with the token. Survives nothing. */
export function plainToken(url, directory) {
  const [lock, file] = [`${directory}/plain.lock`, `${directory}/plain.json`]
  return async (name) => {
    for (;;) {
      const stored = read(file)
      if (stored !== undefined) return stored
      if (take(lock)) break
      await setTimeout(lookEvery)
    }
    try {
      return read(file) ?? (await request(url, name, file))
    } finally {
      unlinkSync(lock)
    }
  }
}

function read(file) {
  try {
    const { token, expiry } = JSON.parse(readFileSync(file, 'utf8'))
    return expiry > Date.now() ? token : undefined
  } catch {
    return undefined
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    return false
  }
}

async function request(url, name, file) {
  const answer = await fetch(url, { method: 'POST', body: name })
  const { access_token: token, expires_in: seconds } = await answer.json()
  writeFileSync(`${file}.tmp`, JSON.stringify({ token, expiry: Date.now() + seconds * 1000 }), { mode: 0o600 })
  renameSync(`${file}.tmp`, file)
  return token
}
