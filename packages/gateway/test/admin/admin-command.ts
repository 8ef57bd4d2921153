/** The admin command as the stories use it: a process of its own on a data folder, as npm links it. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { ROOT, run } from '../start/command.ts'

const PROGRAM = join(ROOT, 'packages/gateway/src/admin/bluewire-gateway.cjs')

export type Typed = Readonly<{ env?: Readonly<Record<string, string>>; input?: string }>

export class Admin {
  readonly dataDir: string
  readonly #env: Readonly<Record<string, string>>

  constructor(dataDir: string, env: Readonly<Record<string, string>> = {}) {
    this.dataDir = dataDir
    this.#env = { BLUEWIRE_DATA_DIR: dataDir, ...env }
  }

  run(words: readonly string[], { env = {}, input }: Typed = {}) {
    return run(['node', PROGRAM, ...words], {
      env: { ...this.#env, ...env },
      ...(input === undefined ? {} : { input }),
    })
  }

  /** What it prints for people. */
  async lines(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words)
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
    return stdout
  }

  /** The answer as programs read it. */
  async ask<T = Record<string, unknown>>(words: readonly string[], typed?: Typed): Promise<T> {
    const { code, stdout, stderr } = await this.run([...words, '--json'], typed)
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** The sentence with which it is refused. */
  async refusal(words: readonly string[], typed?: Typed): Promise<string> {
    const { code, stdout, stderr } = await this.run(words, typed)
    expect({ code, stdout }).toEqual({ code: expect.toBeOneOf([1, 2]), stdout: '' })
    expect(stderr).toMatch(/^[^\n]+\n$/)
    return stderr.trimEnd()
  }
}
