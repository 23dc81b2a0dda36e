import { ImsResponseError } from '../errors.ts'
import { isObject, parseObject } from '../json.ts'

/** A product that an organization of the user has, from the profile (`projectedProductContext`). */
export interface ProductContext {
  /** Such as `dma_aem_cloud`. */
  readonly serviceCode: string
  /** `…@AdobeOrg` */
  readonly orgId?: string
  /** `ACTIVE`, if it can be used. */
  readonly status?: string
  readonly label?: string
  /**
   * The JSON in `fulfillable_data`, such as `{ iid }` of AEM, decompressed if necessary; absent if it is not JSON, or
   * compressed in a runtime without `DecompressionStream`.
   */
  readonly fulfillableData?: Readonly<Record<string, unknown>>
  /** `prodCtx` as IMS returned it, with members that depend on the service. */
  readonly raw: Readonly<Record<string, unknown>>
}

/** Characters of decompressed text that are read at most. */
const longest = 1_000_000

/** The product contexts of a profile. Without the scope `additional_info.projectedProductContext` there are none. */
export async function productContextsIn(profile: unknown): Promise<ProductContext[]> {
  const list = isObject(profile) ? (profile.projectedProductContext ?? []) : undefined
  if (!Array.isArray(list)) throw noProfile()
  const entries: unknown[] = list
  const contexts = entries.map((each) => (isObject(each) ? each.prodCtx : undefined)).filter((each) => isObject(each))
  return Promise.all(contexts.map(productContext))
}

function noProfile(): ImsResponseError {
  const message = 'IMS answered with something that is not a profile; check that endpoint is IMS'
  return new ImsResponseError('IMS_MALFORMED', message, { status: 200 })
}

async function productContext(raw: Readonly<Record<string, unknown>>): Promise<ProductContext> {
  const { serviceCode, owningEntity, statusCode, label, fulfillable_data: data } = raw
  const fulfillableData = typeof data === 'string' ? await decode(data) : undefined
  return {
    serviceCode: String(serviceCode ?? ''),
    ...(typeof owningEntity === 'string' && { orgId: owningEntity }),
    ...(typeof statusCode === 'string' && { status: statusCode }),
    ...(typeof label === 'string' && { label }),
    ...(fulfillableData && { fulfillableData }),
    raw,
  }
}

/** JSON, or base64 of gzipped JSON, which some services wrap in quotes. */
async function decode(text: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const plain = parseObject(text)
  if (plain !== undefined) return plain
  try {
    const bytes = Uint8Array.from(atob(text.replace(/^"|"$/g, '')), (character) => character.charCodeAt(0))
    return parseObject(await unzip(bytes))
  } catch {
    return undefined
  }
}

async function unzip(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  // some edge runtimes lack it, and bundlers for them warn of a name that is not a member
  const { DecompressionStream: Decompression } = globalThis
  const reader = new Blob([bytes]).stream().pipeThrough(new Decompression('gzip')).getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
    if (text.length > longest) {
      await reader.cancel()
      throw new RangeError('too long')
    }
  }
}
