/** What Messages makes of straight quotes, dashes and dots where the user's settings ask for it (MACOS 2.5). */
export function smartQuotes(text: string): string {
  return text
    .replace(/(^|[\s([{“‘])"/g, '$1“')
    .replaceAll('"', '”')
    .replace(/(^|[\s([{“])'/g, '$1‘')
    .replaceAll("'", '’')
    .replaceAll('---', '—')
    .replaceAll('--', '—')
    .replaceAll('...', '…')
}
