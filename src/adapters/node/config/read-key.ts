import { ConfigurationError } from '../../../core/errors.ts'
import { absolutePath } from '../files/places.ts'

const maxBytes = 65_536
const maxPathLength = 1024

/**
 * Node's part in reading private keys: files, and encrypted PEM that WebCrypto cannot decrypt (`DEK-Info`, PBES1,
 * 3DES, scrypt). A path is relative to the working directory; `~/` is the home directory. A file that holds DER is
 * given as base64. `undefined` where `source` is neither PEM nor the path of a file.
 *
 * @throws {ConfigurationError} `INVALID_KEY` when PEM cannot be decrypted, `INVALID_KEY_FILE` when a file cannot be read
 */
export async function readKeyText(source: string, passphrase?: string): Promise<string | undefined> {
  if (source.includes('-----BEGIN')) return decryptPem(source, passphrase)
  if (source.length > maxPathLength || /\p{Cc}/u.test(source) || source.trim() === '') return undefined
  const secret = passphrase !== undefined && passphrase !== '' && source.includes(passphrase)
  const showable = !secret && isPlainPath(source)
  const path = absolutePath(source)
  if (path === undefined) {
    if (!showable) return undefined
    throw invalidKeyFile(`the directory of the key file ${source} is not known`, 'give an absolute path')
  }
  const content = await readFile(path, showable)
  if (content !== undefined) return keyText(textOf(content), showable ? path : undefined)
  // text that does not even look like a path is no file that went missing
  if (!showable) return undefined
  throw invalidKeyFile(`there is no key file ${path}`, 'correct private_key, or put the key there')
}

/** PEM, base64 of DER, or JSON: what is none of them was never a key, and the old library names the file for it, too. */
function keyText(text: string, path: string | undefined): string {
  if (/-----BEGIN|^\s*(["[{]|MI)/.test(text)) return text
  throw invalidKeyFile(`the key file${path === undefined ? '' : ` ${path}`} holds no private key`, 'give a PEM file')
}

async function decryptPem(pem: string, passphrase = ''): Promise<string> {
  const { createPrivateKey } = await import('node:crypto')
  try {
    return String(createPrivateKey({ key: pem, format: 'pem', passphrase }).export({ type: 'pkcs8', format: 'pem' }))
  } catch (error) {
    // OpenSSL's own text stays out: only its code is looked at. A wrong passphrase ends in the same code once in 256
    // times, when what it decrypts to happens to be padded well; a legacy key tells by the cipher that it names
    if (codeOf(error).endsWith('UNSUPPORTED') && !(await hasLegacyCipher(pem))) {
      throw new ConfigurationError(
        'INVALID_KEY',
        'the private key cannot be decrypted: the passphrase is wrong, or the cipher is one that this Node no longer has ' +
          '(DES, RC2); convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -provider default -provider legacy ' +
          '-in key.pem -out new-key.pem',
      )
    }
    throw new ConfigurationError(
      'INVALID_KEY',
      'the private key cannot be decrypted; check the passphrase; if it is right, the key is damaged',
    )
  }
}

/** Whether the cipher that legacy PEM names is one that this Node has. */
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
  const shown = showable ? `the key file ${path}` : 'the key file'
  const { open, stat } = await import('node:fs/promises')
  try {
    const found = await stat(path)
    // opening a pipe would wait for its writer
    if (!found.isFile()) throw invalidKeyFile(`${shown} is a directory or device`, 'give the path of the file itself')
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(maxBytes + 1), 0, maxBytes + 1, 0)
      if (bytesRead === 0) throw invalidKeyFile(`${shown} is empty`, 'put the private key there')
      if (bytesRead > maxBytes) throw invalidKeyFile(`${shown} has more than ${maxBytes} bytes`, 'give a key file')
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined
    throw invalidKeyFile(`${shown} cannot be read (${code})`, 'check its permissions')
  }
}

function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  // 0x30 is also the digit 0: a key in DER is longer than 127 bytes, which shows in the second
  if (first === 0x30 && second !== undefined && second >= 0x80) return Buffer.from(bytes).toString('base64')
  return new TextDecoder().decode(bytes)
}

/** Whether `text` is a path beyond doubt, so that it may stand in a message: never a piece of base64. */
function isPlainPath(text: string): boolean {
  const marked = /^(\.{0,2}[/\\]|~[/\\]|[A-Za-z]:[/\\])/.test(text) || /[^.]\.[A-Za-z0-9]{1,8}$/.test(text)
  const plain = /^[a-z0-9_./\\ -]+$/.test(text)
  // the slash is also a digit of base64
  const runs = /^[A-Za-z0-9+/=]*$/.test(text) ? [text.replaceAll('/', '')] : []
  runs.push(...text.split(/[^A-Za-z0-9+=]+/))
  return (marked || plain) && !text.includes('-----') && !runs.some(looksRandom)
}

// base64 changes between upper case, lower case and digits at two of three characters, names of files seldom do
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
  return new ConfigurationError('INVALID_KEY_FILE', `${found}; ${remedy}`)
}
