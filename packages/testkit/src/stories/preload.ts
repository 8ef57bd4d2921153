/** Libraries that are put before the system's own, to take fsync away or to set the clock. Debian's packages; x86-64 and arm64. */
import { existsSync } from 'node:fs'
import type { Hindrance } from '../skips.ts'

type Library = Readonly<{ packageName: string; files: readonly string[] }>

const FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib']

/** fsync does nothing. */
export const EATMYDATA = library('libeatmydata1', ['libeatmydata.so'])
/** The clocks say what a file says. */
export const FAKETIME = library('libfaketime', ['faketime/libfaketime.so.1'])

function library(packageName: string, names: readonly string[]): Library {
  return { packageName, files: FOLDERS.flatMap((folder) => names.map((name) => `${folder}/${name}`)) }
}

export function preloadable({ packageName, files }: Library): Hindrance {
  return files.some((file) => existsSync(file)) ? null : `needs the package ${packageName}`
}

/** For the environment of a process. */
export function preload({ files }: Library): Readonly<Record<string, string>> {
  const file = files.find((one) => existsSync(one))
  return file === undefined ? {} : { LD_PRELOAD: file }
}
