/** What a person or a program may ask besides sending. None of it makes a message, and none of it is done twice. */
import { runTool } from '@bluewire/platform/run-tool'
import type { DriverCommand, DriverReply } from '../driver.ts'
import { checkAnswer } from './imsg-answers.ts'
import type { Answer } from './imsg-connection.ts'
import type { ImsgProcess } from './imsg-process.ts'
import type { ImsgRows } from './imsg-rows.ts'
import type { ImsgTimes } from './imsg-times.ts'
import { chatOf } from './imsg-parts.ts'
import { sendVerdict } from './imsg-verdict.ts'
import { isGroup } from './imsg-words.ts'
import type { Lane } from './lane.ts'

export type CommandDeps = Readonly<{
  path: string
  times: ImsgTimes
  process: ImsgProcess
  rows: ImsgRows
  lane: Lane
}>

type Call = Readonly<{ method: string; params: Readonly<Record<string, unknown>> }>

export async function runCommand(command: DriverCommand, deps: CommandDeps): Promise<DriverReply> {
  if (command.name === 'restart_messages') return restartMessages(deps)
  const call = callOf(command, deps)
  if (typeof call === 'string') return { ok: false, detail: call }
  if (command.name === 'availability') return availability(await deps.process.read(call.method, call.params))
  const release = await deps.lane.take()
  try {
    const answer = await deps.process.request(call.method, call.params, deps.times.commandMs)
    return replyTo(answer, deps.process)
  } finally {
    release()
  }
}

/** A sentence when something is missing. */
function callOf({ name, args }: DriverCommand, { rows }: CommandDeps): Call | string {
  const { to, guid, part = 0, on = true, reaction, emoji, body } = args
  if (to === undefined) return `The command ${name} needs to know to whom (to).`
  const person = isGroup(to) ? { chat_guid: to } : { to }
  switch (name) {
    case 'typing':
      return { method: 'typing', params: { ...person, typing: on } }
    case 'read':
      return { method: 'read', params: person }
    case 'availability':
      return { method: 'handles.check', params: { address: to } }
    case 'restart_messages':
      return 'It has no arguments.'
    case 'react':
    case 'edit':
    case 'unsend':
      break
    default:
      return name satisfies never
  }
  if (guid === undefined) return `The command ${name} needs the message that it is about (guid).`
  const target = {
    ...chatOf(to, rows.chatWith(to, 'imessage')?.guid ?? null),
    message_id: guid,
    ...(part === 0 ? {} : { part_index: part }),
  }
  if (name === 'unsend') return { method: 'message.unsend', params: target }
  if (name === 'edit') {
    if (body === undefined) return 'The command edit needs the new text (body).'
    return { method: 'message.edit', params: { ...target, text: body } }
  }
  if (reaction === undefined) return 'The command react needs a reaction.'
  if (reaction === 'emoji' && emoji === undefined) return 'The reaction emoji needs the emoji.'
  const what = reaction === 'emoji' ? { emoji } : { reaction }
  return { method: 'tapback', params: { ...target, ...what, remove: !on } }
}

function replyTo(answer: Answer, process: ImsgProcess): DriverReply {
  const verdict = sendVerdict(answer)
  switch (verdict.kind) {
    case 'handed':
      return { ok: true }
    case 'never_handed':
      return { ok: false, detail: `It was not done: ${verdict.said}.` }
    case 'uncertain':
      // A command that hangs would hold every message behind it.
      if (verdict.isBlocked) process.restart(`it could not go on after a command: ${verdict.said}`)
      return { ok: false, detail: `Whether it was done is not known: ${verdict.said}.` }
    default:
      return verdict satisfies never
  }
}

function availability(answer: Answer): DriverReply {
  const checked = answer.kind === 'result' ? checkAnswer.safeParse(answer.value).data : undefined
  if (checked) return { ok: true, data: { available: checked.available } }
  return { ok: false, detail: `It could not be asked: ${sendVerdictWords(answer)}.` }
}

function sendVerdictWords(answer: Answer): string {
  const verdict = sendVerdict(answer)
  return verdict.kind === 'handed' ? 'imsg does not say' : verdict.said
}

/** As imsg does it: Messages is ended, and started with the bridge in it. Nothing is being sent meanwhile. */
async function restartMessages({ path, times, process, lane }: CommandDeps): Promise<DriverReply> {
  const release = await lane.take()
  try {
    const result = await runTool(path, ['launch', '--json'], { timeoutMs: times.commandMs })
    await process.refresh()
    if (result.kind === 'ended' && result.code === 0)
      return { ok: true, detail: 'Messages was restarted with the bridge of imsg.' }
    const why = result.kind === 'ended' ? `code ${result.code}` : result.kind === 'timed_out' ? 'no end' : result.code
    return { ok: false, detail: `imsg launch did not work (${why}); run it at the Mac to see why.` }
  } finally {
    release()
  }
}
