import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { type Child, resultOf, startChild } from '../../kit/child.ts'
import { newPlace, type Place } from '../../kit/place.ts'
import { neighboursWith } from './neighbours.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** Builds the action `file` of `app` with `@adobe/aio-lib-runtime`; the folder of what is uploaded. */
export async function buildAction(app: string, file: string): Promise<string> {
  const place = newPlace({ NEIGHBOUR: await neighboursWith('aio-lib-ims') })
  const child = startChild({ ...place, cwd: app }, [process.execPath, fixture('build-action.cjs'), file])
  expect(await resultOf<string[]>(child)).toHaveLength(1)
  return join(app, 'dist', 'app', 'main-temp')
}

/** Adds the action `actions/generic/index.js` to `app`, as the template of App Builder makes it. */
export async function addActionOfTemplate(app: string): Promise<void> {
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true }')
  const env = { ...process.env, NEIGHBOUR: await neighboursWith('aio-lib-ims') }
  await promisify(execFile)(process.execPath, [fixture('add-action.cjs')], { cwd: app, env })
}

/** Starts the action built in the folder `place.cwd` with `params`; its last line is the result. */
export const startAction = (place: Place, params: object): Child =>
  startChild(place, [process.execPath, fixture('run-action.cjs'), JSON.stringify(params)])
