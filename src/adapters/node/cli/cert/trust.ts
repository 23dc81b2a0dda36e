import { shellWord } from '../hints.ts'
import type { StoredCertificate } from './certificate-files.ts'

type Steps = readonly (readonly [title: string, ...lines: string[]])[]

const windowsQuoted = (text: string) => `"${text}"`

/** How to trust the authority, and how to remove it again, on a system. */
function systemSteps({ files, authority }: StoredCertificate, platform: NodeJS.Platform): Steps {
  const ca = shellWord(files.ca)
  if (platform === 'darwin') {
    return [
      [
        'macOS (Safari, Chrome, Edge, curl)',
        `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db ${ca}`,
      ],
      ['Remove it again', `security delete-certificate -c ${shellWord(authority)}`],
    ]
  }
  if (platform === 'win32') {
    return [
      ['Windows (Edge, Chrome)', `certutil -user -addstore Root ${windowsQuoted(files.ca)}`],
      ['Remove it again', `certutil -user -delstore Root ${windowsQuoted(authority)}`],
    ]
  }
  return [
    [
      'Chrome and Chromium on Linux (certutil is in the package libnss3-tools or nss-tools)',
      'mkdir -p ~/.pki/nssdb',
      `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n ${shellWord(authority)} -i ${ca}`,
    ],
    [
      'The system (curl and others): Debian and Ubuntu',
      `sudo cp ${ca} /usr/local/share/ca-certificates/imskit-localhost.crt && sudo update-ca-certificates`,
    ],
    ['The system: Fedora, RHEL and Arch', `sudo trust anchor ${ca}`],
    ['Remove it again from Chrome', `certutil -d sql:$HOME/.pki/nssdb -D -n ${shellWord(authority)}`],
  ]
}

function everywhere({ files }: StoredCertificate, platform: NodeJS.Platform): Steps {
  const node =
    platform === 'win32'
      ? `$env:NODE_EXTRA_CA_CERTS = '${files.ca}'`
      : `export NODE_EXTRA_CA_CERTS=${shellWord(files.ca)}`
  return [
    [
      'Firefox',
      'Settings > Privacy & Security > Certificates > View Certificates > Authorities > Import,',
      `choose ${files.ca} and trust it for websites.`,
    ],
    ['Node.js', node],
    ['A development server of your own: its certificate and key', files.cert, files.key],
  ]
}

/** What `imskit cert` prints for the user. */
export function trustGuide(stored: StoredCertificate, platform: NodeJS.Platform = process.platform): string {
  const { expiresAt, isNew, authority } = stored
  const steps = [...systemSteps(stored, platform), ...everywhere(stored, platform)]
  return [
    `${isNew ? 'Made' : 'Found'} a certificate for localhost, 127.0.0.1 and ::1, valid until ${new Date(expiresAt).toISOString().slice(0, 10)}.`,
    `Its authority is "${authority}". It can sign for these names only, and its key was discarded after this one`,
    'signature, so nothing else can be signed in its name. Nothing was installed: to trust it, run what you need.',
    '',
    ...steps.map(([title, ...lines]) => `${title}:\n${lines.map((line) => `  ${line}\n`).join('')}`),
  ].join('\n')
}
