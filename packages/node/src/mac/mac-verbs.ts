/** What can be asked of a node on a Mac, besides `join`, `run` and `status`. */
export const MAC_VERBS = ['install', 'uninstall', 'restart', 'logs', 'doctor', 'update', 'acceptance'] as const
export type MacVerb = (typeof MAC_VERBS)[number]

export function isMacVerb(word: string | undefined): word is MacVerb {
  return MAC_VERBS.some((verb) => verb === word)
}
