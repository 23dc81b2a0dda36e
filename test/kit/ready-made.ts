/** Context data without its endpoint: for the old library, and where the environment says where IMS is. */
export function withoutEndpoint<Data extends { readonly endpoint: string }>(data: Data): Omit<Data, 'endpoint'> {
  const { endpoint: _, ...rest } = data
  return rest
}
