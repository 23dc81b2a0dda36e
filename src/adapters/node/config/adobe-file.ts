import { isObject } from '../../../core/json.ts'

/** A file with credentials that Adobe provides, as it says in messages. */
const shapes = {
  workspace: 'the workspace file of the Adobe Developer Console',
  aem: 'service credentials of AEM',
  aemToken: 'a local development token of AEM',
  postman: 'a Postman environment of the Adobe Developer Console',
  pdf: 'a credentials file of Adobe PDF Services',
  console: 'a credential file of the Adobe Developer Console',
  aio: 'a configuration file of `aio`',
} as const

export type AdobeFile = keyof typeof shapes

export const describeFile = (file: AdobeFile): string => shapes[file]

const tests: Readonly<Record<AdobeFile, (tree: Readonly<Record<string, unknown>>) => boolean>> = {
  workspace: ({ project }) => isObject(project) && (isObject(project.workspace) || isObject(project.org)),
  aem: ({ integration }) => isObject(integration) && isObject(integration.technicalAccount),
  aemToken: ({ accessToken, ok, statusCode }) =>
    typeof accessToken === 'string' && (ok !== undefined || statusCode !== undefined),
  postman: ({ values }) =>
    Array.isArray(values) && values.some((value) => isObject(value) && typeof value.key === 'string'),
  pdf: ({ client_credentials: client }) => isObject(client) && client.client_id !== undefined,
  console: (tree) => ['CLIENT_ID', 'API_KEY', 'clientId'].some((name) => typeof tree[name] === 'string'),
  aio: ({ ims, $ims }) => isObject($ims) || (isObject(ims) && isObject(ims.contexts)),
}

/** The kind of a whole file; `undefined` for the data of a context and for files of other programs. */
export function adobeFileOf(tree: Readonly<Record<string, unknown>>): AdobeFile | undefined {
  // the `.aio` of a project has both
  const order = ['aio', 'workspace', 'aem', 'aemToken', 'postman', 'pdf', 'console'] as const
  return order.find((file) => tests[file](tree))
}

/** What a context that is not a credential seems to be, if a whole file was stored as its data. */
export function storedFile(name: string, data: Readonly<Record<string, unknown>>): string | undefined {
  const file = adobeFileOf(data)
  if (file === undefined) return undefined
  return `IMS context '${name}' contains ${describeFile(file)}, not a credential. Run: imskit context set ${name} --from <file>`
}
