/** Which writer of bodies the fake Messages uses: the one place to change it. */
export { writeAttributedBody } from './minimal-attributed-body.ts'
export type { AttributedBody } from './minimal-attributed-body.ts'
