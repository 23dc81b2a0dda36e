/** Context data without its endpoint: for `@adobe/aio-lib-ims`, and for tests whose environment names the endpoint. */
export function withoutEndpoint<Data extends { readonly endpoint: string }>(data: Data): Omit<Data, 'endpoint'> {
  const { endpoint: _, ...rest } = data
  return rest
}
