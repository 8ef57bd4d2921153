/** The Messages behind the fake BlueBubbles: what is handed to it becomes rows, and what leaves it is kept as the truth. */
import type { Fate, Options, Phone, Script, Times } from './behaviour.ts'
import { addressOf, ChatDb, newGuid } from './chat-db.ts'

export type Target =
  Readonly<{ kind: 'chat'; guid: string }> | Readonly<{ kind: 'participant'; address: string; service: string }>
export type Payload = Readonly<{ text: string | null; file: string | null; effect?: string; thread?: string }>

/** As AppleScript says it. */
export class ScriptError extends Error {
  override name = 'ScriptError'
}

export class FakeMessages {
  readonly db = new ChatDb()
  /** All that really left, in order. */
  readonly phones: Phone[] = []
  readonly #options: Options
  readonly #times: Times
  readonly #changed: () => void

  constructor(options: Options, times: Times, changed: () => void) {
    this.#options = options
    this.#times = times
    this.#changed = changed
  }

  /** One AppleScript. @throws ScriptError */
  async script(target: Target, payload: Payload, { fate, script }: { fate: Fate; script: Script }): Promise<void> {
    if (script === 'refused') throw new ScriptError('Messages got an error: Can’t make any into type constant. (-1700)')
    if (target.kind === 'chat' && !this.db.hasChat(target.guid))
      throw new ScriptError(`Messages got an error: Can’t get chat id "${target.guid}". (-1728)`)
    if (target.kind === 'participant' && target.service === 'SMS' && !this.#options.sms)
      throw new ScriptError(
        'Messages got an error: Can’t get account 1 whose service type = SMS. Invalid index. (-1719)',
      )
    this.#happen(target, payload, fate)
    if (script === 'timed_out') throw new ScriptError('Messages got an error: AppleEvent timed out. (-1712)')
    if (script === '1002') throw new ScriptError('Messages got an error: 1002')
  }

  /** By the private API: the guid of what was made. */
  hand(target: Target, payload: Payload, fate: Fate): string {
    return this.#happen(target, payload, fate)
  }

  /** The guid of the chat for a person. */
  chatFor(address: string, service: string): string {
    return `${this.#options.macos === 26 ? 'any' : service};-;${address}`
  }

  #happen(target: Target, payload: Payload, fate: Fate): string {
    const guid = newGuid()
    if (fate.kind === 'nothing') return guid
    if (fate.kind === 'late') {
      setTimeout(() => this.#make(target, payload, { fate: { kind: 'sent' }, guid }), fate.afterMs)
      return guid
    }
    this.#make(target, payload, { fate, guid })
    return guid
  }

  #make(target: Target, payload: Payload, { fate, guid }: { fate: Fate; guid: string }): void {
    const service = this.#serviceOf(target)
    const chat = target.kind === 'chat' ? target.guid : this.chatFor(target.address, target.service)
    this.db.addChat(chat)
    this.db.addOutgoing({ chat, service, ...payload }, guid)
    this.#changed()
    switch (fate.kind) {
      case 'error':
        return this.#later(fate.afterMs ?? 0, () => this.db.set(guid, { error: fate.code, is_finished: 1 }), 'silently')
      case 'sent':
      case 'bounced':
        return this.#later(this.#times.sent, () => {
          const isText = fate.kind === 'sent' && fate.service === 'SMS'
          if (isText) this.db.downgrade(guid)
          this.db.set(guid, { is_sent: 1, is_finished: 1 })
          this.#leaves(chat, payload, { service: isText ? 'SMS' : service, row: guid })
          if (fate.kind === 'bounced') {
            return this.#later(fate.afterMs, () => this.db.set(guid, { error: fate.code, is_sent: 0 }), 'silently')
          }
          if (fate.delivered !== false && service === 'iMessage' && !isText) this.#deliver(guid)
        })
      default:
        return undefined
    }
  }

  #deliver(guid: string): void {
    this.#later(this.#times.delivered, () => this.db.set(guid, { is_delivered: 1, date_delivered: Date.now() }))
  }

  #leaves(chat: string, { text, file }: Payload, { service, row }: { service: string; row: string }): void {
    this.phones.push({ service, to: chat.includes(';+;') ? chat : addressOf(chat), text, file, row })
  }

  #later(ms: number, act: () => void, how: 'aloud' | 'silently' = 'aloud'): void {
    setTimeout(() => {
      act()
      if (how === 'aloud') this.#changed()
    }, ms)
  }

  /** A chat `any` sends as it last did. */
  #serviceOf(target: Target): string {
    if (target.kind === 'participant') return target.service
    const prefix = target.guid.slice(0, target.guid.indexOf(';'))
    if (prefix !== 'any') return prefix
    const { rows } = this.db.find({
      chatGuid: target.guid,
      withChats: true,
      where: [],
      afterMs: null,
      newestFirst: true,
      offset: 0,
      limit: 1,
    })
    return String(rows[0]?.['service'] ?? 'iMessage')
  }
}
