#!/usr/bin/env node
// Replaces the system's browser, in which a user is signed in at IMS and gives every consent.
const { IMS_HERE = '' } = process.env
// what the browser is opened with leads on to IMS
const door = await fetch(process.argv[2], { redirect: 'manual' })
const { pathname, search } = new URL(door.headers.get('location'))
const { headers } = await fetch(IMS_HERE + pathname + search, { redirect: 'manual' })
await fetch(headers.get('location'))
