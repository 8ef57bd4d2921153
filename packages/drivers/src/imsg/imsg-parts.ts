/** The parts of a message, and the call that hands each over. */
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { AttemptId } from '@bluewire/contract/ids'
import type { Outgoing, OutgoingFile } from '../driver.ts'
import type { Wanted } from './imsg-matching.ts'
import { effectId, isGroup } from './imsg-words.ts'

export type Part = Readonly<{ kind: 'text' }> | Readonly<{ kind: 'file'; name: string; path: string }>

export type Call =
  | Readonly<{ kind: 'call'; method: 'send' | 'send.tracked' | 'send.rich'; params: Readonly<Record<string, unknown>> }>
  /** Nothing was handed over. */
  | Readonly<{ kind: 'cannot'; reason: string; detail: string }>

/** The text first, then each file. */
export function partsOf({ body, files = [] }: Outgoing): readonly Part[] {
  const text: readonly Part[] = body === '' ? [] : [{ kind: 'text' }]
  return [...text, ...files.map(({ name, path }): Part => ({ kind: 'file', name: fileName(name), path }))]
}

/** What to look for when the answer is lost. */
export function wantedOf({ to, body }: Outgoing, part: Part, mark: number): Wanted {
  const content = part.kind === 'text' ? ({ kind: 'text', text: body } as const) : part
  return { to, mark, content }
}

export type CallContext = Readonly<{
  region: string
  /** The guid that the message is to have; null: Messages chooses. */
  guid: string | null
  /** Of the known chat with the recipient, by this service. */
  chatGuid: string | null
  canBeRich: boolean
}>

/** The service is always named, and SMS in place of iMessage is never left to imsg: falling back is the gateway's decision. */
export function callFor(outgoing: Outgoing, part: Part, context: CallContext): Call {
  const { to, service, body, effect, replyTo } = outgoing
  const { region, guid } = context
  if (part.kind === 'text' && (effect !== undefined || replyTo !== undefined)) return richCall(outgoing, context)
  const content = part.kind === 'text' ? { text: body } : { file: part.path }
  const target = isGroup(to) ? { chat_guid: to } : { to, service, region }
  const params = { ...target, ...content, allow_sms_fallback: false }
  if (guid === null) return { kind: 'call', method: 'send', params }
  return { kind: 'call', method: 'send.tracked', params: { ...params, attempt_id: guid } }
}

function richCall({ to, service, body, effect, replyTo }: Outgoing, { chatGuid, canBeRich }: CallContext): Call {
  const what = effect === undefined ? 'replies' : 'effects'
  const cannot = (detail: string) => ({ kind: 'cannot', reason: `${what}_not_here`, detail }) as const
  if (!canBeRich) return cannot('The bridge of imsg is not running; run imsg launch on the Mac')
  if (service === 'sms') return cannot('An SMS has neither effects nor replies')
  const id = effect === undefined ? undefined : effectId(effect)
  if (id === null) return cannot('Messages has no effect of that name')
  return {
    kind: 'call',
    method: 'send.rich',
    params: {
      ...chatOf(to, chatGuid),
      text: body,
      ...(id === undefined ? {} : { effect_id: id }),
      ...(replyTo === undefined ? {} : { reply_to: replyTo.guid }),
      ...(replyTo === undefined || replyTo.part === 0 ? {} : { part_index: replyTo.part }),
    },
  }
}

/** Exactly one selector, as what needs a chat wants it. */
export function chatOf(to: string, chatGuid: string | null): Readonly<Record<string, string>> {
  if (isGroup(to)) return { chat_guid: to }
  return chatGuid === null || chatGuid === '' ? { chat_identifier: to } : { chat_guid: chatGuid }
}

/**
 * Files under the names that recipients are to see: Messages shows the name in the path, and imsg takes no links. Null: one cannot be
 * read. `clear` removes the copies.
 */
export class NamedFiles {
  readonly #folder: string

  constructor(dataDirectory: string) {
    this.#folder = join(dataDirectory, 'imsg-files')
  }

  async named({ attempt, files }: Pick<Outgoing, 'attempt' | 'files'>): Promise<readonly OutgoingFile[] | null> {
    try {
      return await Promise.all(
        (files ?? []).map((file, i) => this.#named(file, join(this.#folder, attempt, String(i)))),
      )
    } catch {
      await this.clear(attempt)
      return null
    }
  }

  async clear(attempt: AttemptId): Promise<void> {
    await rm(join(this.#folder, attempt), { recursive: true, force: true }).catch(() => undefined)
  }

  async #named(file: OutgoingFile, folder: string): Promise<OutgoingFile> {
    const name = fileName(file.name)
    if (basename(file.path) === name) return { name, path: file.path }
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, name)
    await copyFile(file.path, path)
    return { name, path }
  }
}

function fileName(name: string): string {
  const last = basename(name).replaceAll('\0', '').slice(0, 200)
  return last === '' || last === '.' || last === '..' ? 'file' : last
}
