// Vercel's edge runtime: no module of Node, no eval
import * as imskit from 'imskit'
import { answer } from './serverless.mjs'

addEventListener('fetch', (event) => event.respondWith(answer(imskit, event.request, event)))
