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
        health: z.enum(['good', 'unknown']).meta({
          description: '`good`: its node is connected, well, and has had evidence within 24 h that it can send',
        }),
      }),
    ),
  })
  .meta({ title: 'Availability' })

export type AvailabilityAnswer = z.infer<typeof availabilityAnswer>
