/**
 * What imsg says it is.
 * Proves: what is offered follows from what the child says and from nothing else; a status that makes no sense is none; words of imsg are
 * shown without people's addresses.
 * World: none.
 */
import { describe, expect, it } from 'vitest'
import { readPage } from './imsg-answers.ts'
import { capabilitiesOf, factsOfOld, factsOfStatus, withoutPeople } from './imsg-facts.ts'
import type { ImsgLine } from './imsg-settings.ts'

const LINES: ImsgLine[] = [{ address: '+15005550001', services: ['sms'], sends: true }]

function status(more: object = {}) {
  return {
    version: '0.15.10',
    protocol_version: 1,
    database: { ready: true, features: { reactions: true } },
    bridge: { ready: true },
    methods: ['send', 'send.tracked', 'send.rich', 'tapback', 'typing'],
    capabilities: { features: { 'tapback.emoji': 2 } },
    ...more,
  }
}

const offered = (more: object) => capabilitiesOf(factsOfStatus(status(more)), LINES)

describe('capabilities', () => {
  it('are those of the methods that are usable now', () => {
    expect(offered({})).toEqual(
      expect.arrayContaining(['sms', 'effects', 'replies', 'reactions', 'emoji_reactions', 'typing']),
    )
    for (const absent of ['imessage', 'edit', 'unsend', 'availability', 'mark_read'])
      expect(offered({})).not.toContain(absent)
  })

  it('of the bridge are none while it is not ready, whatever methods are named', () => {
    const none = offered({ bridge: { ready: false, error: 'The bridge is not started.' } })
    for (const absent of ['effects', 'reactions', 'typing', 'restart_messages']) expect(none).not.toContain(absent)
  })

  it.each([[{}], [{ 'tapback.emoji': 1 }], [{ 'tapback.emoji': true }]])(
    'have no emoji reactions with %j',
    (features) => {
      expect(offered({ capabilities: { features } })).not.toContain('emoji_reactions')
    },
  )

  it('have no emoji reactions where there is no such block', () => {
    expect(offered({ capabilities: undefined })).not.toContain('emoji_reactions')
  })

  it('have no reactions of others where the database has none', () => {
    expect(offered({ database: { ready: true, features: { reactions: false } } })).not.toContain('inbound_reactions')
  })

  it('before it has said anything are the services only', () => {
    expect(capabilitiesOf(null, LINES)).toEqual(['sms'])
  })

  it('of an old one that cannot tell what became of a message are receiving', () => {
    expect(capabilitiesOf(factsOfOld(false), LINES)).toEqual(['sms', 'inbound', 'inbound_reactions'])
    expect(capabilitiesOf(factsOfOld(true), LINES)).toContain('receipts')
  })
})

describe('a status', () => {
  it.each([[null], [{}], [[]], [status({ protocol_version: 2 })], [status({ protocol_version: '1' })]])(
    '%j is none',
    (said) => {
      expect(factsOfStatus(said)).toBeNull()
    },
  )

  it('of which only a part makes sense promises only that', () => {
    expect(factsOfStatus(status({ database: 'fine', bridge: 'fine', methods: 'all' }))).toMatchObject({
      database: { isReady: false },
      bridge: { isReady: false },
      methods: new Set(),
    })
  })
})

describe('words of imsg', () => {
  it.each([
    ['no chat with +1 (415) 555-2671 here', 'no chat with … here'],
    ['account me@example.com is off', 'account … is off'],
    ['error -1743 in 26.5.2', 'error -1743 in 26.5.2'],
  ])('%s', (said, shown) => {
    expect(withoutPeople(said)).toBe(shown)
  })
})

describe('a page', () => {
  it('has what of it can be read', () => {
    const good = { id: 1, guid: 'A', is_from_me: false }
    expect(readPage({ messages: [good, { id: 2 }, null], next_rowid: 3, has_more: false })?.messages).toHaveLength(1)
    expect(readPage({ messages: [good], has_more: false })).toBeNull()
    expect(readPage({ messages: 'all', next_rowid: 3, has_more: false })).toBeNull()
  })
})
