/** What the system says about a file or folder, said to somebody who can do something about it. Undefined: something else is wrong. */
export function fileProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, path, syscall, errcode } = error as Error & Record<string, unknown>
  const what = typeof path === 'string' ? path : 'The folder of the node'
  const advice = 'Choose a folder that this user may write with --dir, for example --dir ./bluewire-node.'
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `${what} cannot be ${syscall === 'mkdir' ? 'made' : 'used'}: this user may not do that. ${advice}`
    case 'EROFS':
      return `${what} cannot be written: its file system is mounted read-only. ${advice}`
    case 'ENOTDIR':
    case 'EEXIST':
      return `${what} is no folder, or is in something that is none. ${advice}`
    case 'ENOENT':
      return syscall === 'mkdir' ? `${what} cannot be made: the system makes no folder there. ${advice}` : undefined
    case 'ENOSPC':
    case 'EDQUOT':
      return `The disk is full: ${what} cannot be written. Free some space and try again.`
    default:
      return isNotWritable(errcode)
        ? `The folder of the node, or a file in it, may not be written by this user. ${advice}`
        : undefined
  }
}

/** SQLite's SQLITE_PERM, SQLITE_READONLY and SQLITE_CANTOPEN. */
function isNotWritable(errcode: unknown): boolean {
  return typeof errcode === 'number' && [3, 8, 14].includes(errcode & 0xff)
}
