#!/usr/bin/env node
// Stands in for the system's browser, with somebody in it who is signed in at IMS and agrees to everything.
const { IMS_HERE = '' } = process.env
const { pathname, search } = new URL(process.argv[2])
const { headers } = await fetch(IMS_HERE + pathname + search, { redirect: 'manual' })
await fetch(headers.get('location'))
