/** The SMSC as a process of its own, which its parent asks. It ends with its parent. */
import { Smsc } from './smsc.ts'
import type { SmscOptions } from './smsc.ts'

export type SmscQuestion =
  | Readonly<{ ask: 'listen' }>
  | Readonly<{ ask: 'counts' }>
  | Readonly<{ ask: 'taken' }>
  | Readonly<{ ask: 'until_unanswered'; many: number }>

const smsc = new Smsc(JSON.parse(process.argv[2] ?? '') as SmscOptions)

function answerTo(question: SmscQuestion): unknown {
  switch (question.ask) {
    case 'listen':
      return smsc.listen()
    case 'counts':
      return smsc.counts()
    case 'taken':
      return smsc.taken
    case 'until_unanswered':
      return smsc.untilUnanswered(question.many)
  }
}

process.on('message', ({ number, question }: { number: number; question: SmscQuestion }) => {
  void Promise.resolve(answerTo(question)).then((answer) => process.send?.({ number, answer }))
})
process.on('disconnect', () => process.exit(0))
