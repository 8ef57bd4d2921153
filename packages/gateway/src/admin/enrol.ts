import { ENROLMENT_CODE_TTL_MS, newEnrolmentCode } from '../accounts/enrolment-codes.ts'
import { findAccount } from './find-account.ts'
import { ACCOUNT_OPTION } from './verb.ts'
import type { Answer, Call, Noun } from './verb.ts'

export const enrol: Noun = {
  name: 'enrol',
  summary: 'let a Mac join as a node',
  verbs: [
    {
      name: '',
      summary: 'print a one-time code, and the command that uses it',
      takes: [],
      options: ACCOUNT_OPTION,
      run: makeCode,
    },
  ],
}

async function makeCode(call: Call): Promise<Answer> {
  const { store, config, actor } = call
  const account = await findAccount(call, call.given.text('account'))
  const { code, hash } = newEnrolmentCode()
  await store.createEnrolment(actor, { codeHash: hash, account: account.id, expiresInMs: ENROLMENT_CODE_TTL_MS })
  const command = `bluewire-node join ${config.publicUrl} ${code}`
  return {
    json: { account: account.id, code, url: config.publicUrl, command, expires_in: ENROLMENT_CODE_TTL_MS / 1000 },
    lines: [
      command,
      '',
      `Run this on the Mac within ${ENROLMENT_CODE_TTL_MS / 60_000} minutes. The code works once, for the account ${account.name}.`,
    ],
  }
}
