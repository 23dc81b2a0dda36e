// Netlify's shape of a function: a default export that takes a Request and a context
import * as imskit from 'imskit/worker'
import { answer } from './serverless.mjs'

export default (request, context) => answer(imskit, request, context)
export const config = { path: '/*' }
