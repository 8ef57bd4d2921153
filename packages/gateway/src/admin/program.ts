import { programName } from '@bluewire/platform/program-name'

/** How this command is called from where it was called. */
export const PROGRAM = programName('bluewire-gateway')
