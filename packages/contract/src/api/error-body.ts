/** The body of every answer that is not a success, from whatever route. */
import { z } from 'zod'
import { accountCrumbs, messageStatus, metadata } from './envelope.ts'

const errorMetadata = metadata.extend({ object: z.literal('error') })

export const fieldProblem = z.object({
  field: z.string().meta({ examples: ['beta_features.imessage'] }),
  code: z.string(),
  reason: z.string(),
})

export const errorBody = z
  .object({
    ...errorMetadata.shape,
    data: z.object({
      error: z.string().meta({ description: 'What happened, why, and what to do' }),
      status: z.int().meta({ description: 'The HTTP status' }),
      code: z.string().meta({ description: 'One word of the error catalogue', examples: ['missing_parameter'] }),
      doc_url: z.string(),
      fields: z.array(fieldProblem).optional().meta({ description: 'Every parameter that is wrong' }),
      metadata: errorMetadata,
    }),
    message: z.string().meta({ description: 'The same as data.error' }),
    code: z.int().meta({ description: 'The HTTP status' }),
    crumbs: accountCrumbs.optional().meta({ description: 'Present when the account is known' }),
    message_id: z.string().optional().meta({ description: 'The message that failed, or may have been accepted' }),
    status: messageStatus.optional(),
    to: z.string().optional(),
    simulated: z.literal(true).optional(),
  })
  .meta({ title: 'Error' })

export type ErrorBody = z.infer<typeof errorBody>
