// Loaded before a program of the documentation, so that it runs as it stands: what it asks Adobe's hosts goes to the
// emulator, whose sample API stands for every product API.
const { IMS_HERE = '' } = process.env
const direct = globalThis.fetch

globalThis.fetch = async (input, init) => {
  const request = new Request(input, init)
  const url = new URL(request.url)
  if (url.hostname === 'ims-na1.adobelogin.com')
    return direct(new Request(IMS_HERE + url.pathname + url.search, request))
  if (/\.(?:adobe\.io|adobeaemcloud\.com)$/.test(url.hostname))
    return direct(new Request(`${IMS_HERE}/api/echo`, request))
  return direct(request)
}
