/** Proves: each reply finds its command; what is not answered ends after 65 s; a node gets at most 100 at a time; late and unknown replies change nothing. */
import { expect, test } from 'vitest'
import type { CommandFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { COMMAND_WITHIN_MS, Commands, COMMANDS_MAX } from './commands.ts'
import type { CommandAnswer } from './commands.ts'

class World {
  readonly clock = new VirtualClock()
  readonly frames: CommandFrame[] = []
  readonly answers: CommandAnswer[] = []
  readonly commands = new Commands(this.clock, (frame) => this.frames.push(frame))

  ask(): void {
    void this.commands.ask({ command: 'diagnose' }).then((answer) => this.answers.push(answer))
  }

  async reply(id: string, detail: string): Promise<void> {
    this.commands.replied({ t: 'reply', id, ok: true, detail })
    await this.clock.settle()
  }
}

test('replies in another order find their commands', async () => {
  const w = new World()
  w.ask()
  w.ask()
  const [first, second] = w.frames.map(({ id }) => id)
  await w.reply(second ?? '', 'second')
  await w.reply(first ?? '', 'first')
  await w.reply(first ?? '', 'again')
  await w.reply('look_up_x', 'of nobody')
  expect(w.answers).toMatchObject([{ detail: 'second' }, { detail: 'first' }])
})

test('what is not answered ends, and a reply after that is passed over', async () => {
  const w = new World()
  w.ask()
  await w.clock.advance(COMMAND_WITHIN_MS - 1)
  expect(w.answers).toEqual([])
  await w.clock.advance(1)
  await w.reply(w.frames[0]?.id ?? '', 'late')
  expect(w.answers).toEqual([{ kind: 'no_answer', why: 'late' }])
})

test('so many at a time', async () => {
  const w = new World()
  for (let n = 0; n <= COMMANDS_MAX; n++) w.ask()
  await w.clock.settle()
  expect(w.answers).toEqual([{ kind: 'busy' }])
  expect(w.frames).toHaveLength(COMMANDS_MAX)
  w.commands.end()
  w.ask()
  await w.clock.settle()
  expect(w.answers.filter(({ kind }) => kind === 'no_answer')).toHaveLength(COMMANDS_MAX)
  expect(w.frames).toHaveLength(COMMANDS_MAX + 1)
})
