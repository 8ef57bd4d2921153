/** The SMSC as a process of its own, so that it can stand still and die. It is told what to do by messages of its parent. */
import type { Behaviour, Written } from './peer.ts'
import { Smsc } from './smsc.ts'

export type Command =
  | { do: 'behave'; behaviour: Behaviour }
  | { do: 'arrived' }
  | { do: 'receipt'; fact: 'delivered' | 'failed'; how: { times?: number; parts?: 'first' | 'all' } }
  | { do: 'write'; message: Written }
  | { do: 'listen' }
  | { do: 'close' }

const smsc = new Smsc()

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case 'behave':
      smsc.behaviour = command.behaviour
      return null
    case 'arrived':
      return smsc.arrived
    case 'receipt':
      return await smsc.receipt(command.fact, command.how)
    case 'write':
      return await smsc.write(command.message)
    case 'listen':
      return await smsc.listen()
    case 'close':
      return await smsc.close()
  }
}

process.on('message', ({ number, command }: { number: number; command: Command }) => {
  obey(command).then(
    (result) => process.send?.({ number, result: result ?? null }),
    (error: unknown) => process.send?.({ number, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
