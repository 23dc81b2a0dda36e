#!/usr/bin/env node
// Stands in for the system's browser, with somebody in it who is signed in at IMS and agrees to everything.
const { IMS_HERE = '' } = process.env
// what the browser is opened with leads on to IMS
const door = await fetch(process.argv[2], { redirect: 'manual' })
const { pathname, search } = new URL(door.headers.get('location'))
const { headers } = await fetch(IMS_HERE + pathname + search, { redirect: 'manual' })
await fetch(headers.get('location'))
