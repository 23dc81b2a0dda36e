import { ConfigurationError } from '../../../core/errors.ts'
import { absolutePath } from '../files/places.ts'

const maxBytes = 65_536
const maxPathLength = 1024

/**
 * Implements `readKey` of `lazy.ts`.
 *
 * @throws {ConfigurationError} `INVALID_KEY` if PEM cannot be decrypted, `INVALID_KEY_FILE` if a file cannot be read
 */
export async function readKeyText(source: string, passphrase?: string): Promise<string | undefined> {
  if (source.includes('-----BEGIN')) return decryptPem(source, passphrase)
  if (source.length > maxPathLength || /\p{Cc}/u.test(source) || source.trim() === '') return undefined
  const secret = passphrase !== undefined && passphrase !== '' && source.includes(passphrase)
  const showable = !secret && isPlainPath(source)
  const path = absolutePath(source)
  if (path === undefined) {
    if (!showable) return undefined
    throw invalidKeyFile(`The directory of the key file ${source} is not known`, 'Use an absolute path')
  }
  const content = await readFile(path, showable)
  if (content !== undefined) return keyText(textOf(content), showable ? path : undefined)
  // text that does not look like a path is probably not a missing file
  if (!showable) return undefined
  throw invalidKeyFile(`The key file ${path} does not exist`, 'Correct private_key, or create the file')
}

/** Accepts PEM, base64 of DER, or JSON. Other content is not a key; `@adobe/aio-lib-ims` names the file then as well. */
function keyText(text: string, path: string | undefined): string {
  if (/-----BEGIN|^\s*(["[{]|MI)/.test(text)) return text
  throw invalidKeyFile(
    `The key file${path === undefined ? '' : ` ${path}`} does not contain a private key`,
    'Use a PEM file',
  )
}

async function decryptPem(pem: string, passphrase = ''): Promise<string> {
  const { createPrivateKey } = await import('node:crypto')
  try {
    return String(createPrivateKey({ key: pem, format: 'pem', passphrase }).export({ type: 'pkcs8', format: 'pem' }))
  } catch (error) {
    // only the code of OpenSSL's error is used, not its text. A wrong passphrase leads to the same code once in 256
    // times, if the decrypted bytes happen to have valid padding; then the cipher in a legacy key decides
    if (codeOf(error).endsWith('UNSUPPORTED') && !(await hasLegacyCipher(pem))) {
      throw new ConfigurationError(
        'INVALID_KEY',
        'The private key cannot be decrypted: the passphrase is wrong, or this Node.js no longer supports the cipher ' +
          '(DES, RC2). Convert the key with: openssl pkcs8 -topk8 -v2 aes-256-cbc -provider default -provider legacy ' +
          '-in key.pem -out new-key.pem',
      )
    }
    throw new ConfigurationError(
      'INVALID_KEY',
      'The private key cannot be decrypted. Check the passphrase; if it is right, the key is damaged.',
    )
  }
}

/** Whether this Node.js supports the cipher that legacy PEM names. */
async function hasLegacyCipher(pem: string): Promise<boolean> {
  const name = /DEK-Info:\s*([\w-]+)/.exec(pem)?.[1]
  if (name === undefined) return false
  const { createCipheriv, getCipherInfo } = await import('node:crypto')
  const { keyLength, ivLength = 0 } = getCipherInfo(name) ?? {}
  if (keyLength === undefined) return false
  try {
    createCipheriv(name, new Uint8Array(keyLength), new Uint8Array(ivLength))
    return true
  } catch {
    return false
  }
}

async function readFile(path: string, showable: boolean): Promise<Uint8Array | undefined> {
  const shown = showable ? `The key file ${path}` : 'The key file'
  const { open, stat } = await import('node:fs/promises')
  try {
    const found = await stat(path)
    // opening a pipe would wait for its writer
    if (!found.isFile()) throw invalidKeyFile(`${shown} is a directory or device`, 'Use the path of the file itself')
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(maxBytes + 1), 0, maxBytes + 1, 0)
      if (bytesRead === 0) throw invalidKeyFile(`${shown} is empty`, 'Put the private key there')
      if (bytesRead > maxBytes) throw invalidKeyFile(`${shown} has more than ${maxBytes} bytes`, 'Use a key file')
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined
    throw invalidKeyFile(`${shown} cannot be read (${code})`, 'Check its permissions')
  }
}

function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  // 0x30 is also the digit 0; a key in DER is longer than 127 bytes, so its second byte is at least 0x80
  if (first === 0x30 && second !== undefined && second >= 0x80) return Buffer.from(bytes).toString('base64')
  return new TextDecoder().decode(bytes)
}

/** Whether `text` is certainly a path and not base64, so that a message may contain it. */
function isPlainPath(text: string): boolean {
  const marked = /^(\.{0,2}[/\\]|~[/\\]|[A-Za-z]:[/\\])/.test(text) || /[^.]\.[A-Za-z0-9]{1,8}$/.test(text)
  const plain = /^[a-z0-9_./\\ -]+$/.test(text)
  // base64 also contains slashes
  const runs = /^[A-Za-z0-9+/=]*$/.test(text) ? [text.replaceAll('/', '')] : []
  runs.push(...text.split(/[^A-Za-z0-9+=]+/))
  return (marked || plain) && !text.includes('-----') && !runs.some(looksRandom)
}

// two of three characters in base64 change between upper case, lower case and digits; in file names few do
function looksRandom(run: string): boolean {
  if (run.length < 8 || !/[a-z]/.test(run) || !/[A-Z]/.test(run)) return false
  const classes = run.replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'A').replace(/[0-9]/g, '0')
  const changes = [...classes].filter((kind, index) => index > 0 && kind !== classes[index - 1]).length
  return changes * 3 >= run.length
}

function codeOf(error: unknown): string {
  const { code }: { code?: unknown } = Object(error)
  return typeof code === 'string' ? code : 'unknown reason'
}

function invalidKeyFile(found: string, remedy: string): ConfigurationError {
  return new ConfigurationError('INVALID_KEY_FILE', `${found}. ${remedy}.`)
}
