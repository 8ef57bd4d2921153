/**
 * docs/node-protocol.md.
 * Proves: each frame of either direction has a heading with its fixture below, each bye code and each reason for not running has its
 * place, and the limits are those of the code.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as wire from '@bluewire/contract/node-protocol/common'
import { BYE_CODES, gatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { nodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import { WINDOW } from '../../../node/src/outbox-pump.ts'
import { ACKED_FRAMES_KEPT_MS, ENTRIES_KEPT_MS } from '../../../node/src/journal/journal.ts'
import { describe, expect, test } from 'vitest'
import { COMMAND_WITHIN_MS, COMMANDS_MAX } from '../../src/nodes/commands.ts'
import { LOOK_UP_WITHIN_MS, OUTCOME_WITHIN_MS, TAKEN_WITHIN_MS } from '../../src/nodes/in-flight.ts'
import * as session from '../../src/nodes/node-session.ts'
import { page, ROOT, section, tables } from './pages.ts'

const TEXT = page('docs/node-protocol.md')
const FIXTURES = join(ROOT, 'packages/contract/fixtures/node-protocol')
const DAY_MS = 24 * 3600_000

describe.each([
  { side: 'from-node', heading: '## Frames of the node', schema: nodeFrame },
  { side: 'from-gateway', heading: '## Frames of the gateway', schema: gatewayFrame },
])('$heading', ({ side, heading, schema }) => {
  const part = section(TEXT, heading)
  const kinds = schema.options.map((option) => option.shape.t.value)

  test('every kind, and no other', () => {
    expect([...part.matchAll(/^### `(\w+)`$/gm)].map((match) => match[1])).toEqual(kinds)
  })

  test.each(kinds)('%s has its fixture as its example', (kind) => {
    const example = /```json\n([^]*?)\n```/.exec(section(part, `### \`${kind}\``))?.[1]
    const fixture = readFileSync(join(FIXTURES, `${side}-${kind.replace('_', '-')}.json`), 'utf8')
    expect(JSON.parse(example ?? 'null')).toEqual(JSON.parse(fixture))
  })
})

test('every bye code, and no other', () => {
  const rows = tables(section(TEXT, '## Bye codes'), ['Code', 'Why', 'What the node does'])
  expect(rows.map(([code]) => code)).toEqual([...BYE_CODES])
})

test('every reason why an attempt just never ran', () => {
  const [listed = ''] = section(TEXT, '## Why an attempt was not run').split('Every other reason')
  const named = [...listed.matchAll(/`([a-z_]+)`/g)].map((match) => match[1]).filter((word) => word !== 'void_done')
  expect(named).toEqual([...wire.NOT_RUN_REASONS])
})

test('the limits', () => {
  const limits = new Map(tables(section(TEXT, '## Limits'), ['What', 'Limit']).map(([what, limit]) => [what, limit]))
  expect(limits.get('a frame')).toBe(`${wire.FRAME_BYTES_MAX / 1024} KiB`)
  expect(limits.get('a ping of the node; of the gateway, to a node that is silent')).toBe(
    `every ${wire.PING_MS / 1000} s`,
  )
  expect(limits.get('a peer of which nothing was heard')).toBe(`closed after ${wire.SILENT_PEER_MS / 1000} s`)
  expect(limits.get('a connection without hello')).toBe(`closed after ${session.HELLO_WITHIN_MS / 1000} s`)
  expect(limits.get('a welcome without ready')).toBe(`closed after ${session.READY_WITHIN_MS / 1000} s`)
  expect(limits.get('an outbox that stands still before work')).toBe(
    `closed after ${session.OUTBOX_STEP_WITHIN_MS / 1000} s`,
  )
  expect(limits.get('frames a node sends beyond the last ack')).toBe(String(WINDOW))
  expect(limits.get('an attempt not taken')).toBe(`session closed after ${TAKEN_WITHIN_MS / 1000} s`)
  expect(limits.get('an attempt not started, from receipt')).toBe(
    `voided after ${session.SESSION_SETTINGS.startWithinMs / 1000} s`,
  )
  expect(limits.get('an attempt taken, without outcome')).toBe(
    `asked for after ${OUTCOME_WITHIN_MS / 1000} s, \`unknown\` ${LOOK_UP_WITHIN_MS / 1000} s later`.replaceAll(
      '`',
      '',
    ),
  )
  expect(limits.get('attempts not settled, a line')).toBe(String(session.SESSION_SETTINGS.maxOpen))
  expect(limits.get('a command without reply')).toBe(`given up after ${COMMAND_WITHIN_MS / 1000} s`)
  expect(limits.get('commands of one node that are not answered')).toBe(String(COMMANDS_MAX))
  expect(limits.get('acknowledged frames in the journal')).toBe(`kept ${ACKED_FRAMES_KEPT_MS / DAY_MS} days`)
  expect(limits.get('entries of the journal')).toBe(`kept ${ENTRIES_KEPT_MS / DAY_MS} days`)
})
