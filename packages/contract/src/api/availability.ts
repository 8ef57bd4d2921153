/** `GET /enterprise/availability/sms`: which lines of the account can send now. */
import { z } from 'zod'

export const availabilityAnswer = z
  .object({
    code: z.literal(200),
    message: z.string(),
    crumbs: z.array(
      z.object({
        phoneNumber: z.string().meta({ description: 'The address of the line' }),
        available: z.boolean().meta({ description: 'A message given to it now would leave now' }),
        health: z.enum(['good', 'unknown']).meta({ description: '`good` only with recent proof that its node works' }),
      }),
    ),
  })
  .meta({ title: 'Availability' })

export type AvailabilityAnswer = z.infer<typeof availabilityAnswer>
