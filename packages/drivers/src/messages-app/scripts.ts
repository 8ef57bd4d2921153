/**
 * The AppleScript that this driver runs: constant, with every value as an argument (MACOS 1.5). Words of macOS 11 and later (1.1).
 * `send` has no result; what became of it is seen in chat.db only.
 */

/** Arguments: attempt (so that a later process finds ours), service, `participant` or `chat`, target, `text` or `file`, the text or path. */
export const SEND_SCRIPT = `on run argv
	set theService to item 2 of argv
	set theTarget to item 4 of argv
	if item 5 of argv is "file" then
		set thePayload to POSIX file (item 6 of argv) as alias
	else
		set thePayload to item 6 of argv
	end if
	with timeout of 25 seconds
		tell application id "com.apple.MobileSMS"
			if item 3 of argv is "chat" then
				send thePayload to chat id theTarget
			else if theService is "sms" then
				send thePayload to participant theTarget of (1st account whose service type = SMS and enabled is true)
			else
				send thePayload to participant theTarget of (1st account whose service type = iMessage and enabled is true)
			end if
		end tell
	end timeout
end run
`

/** First of the arguments of every send: how a process of a former agent is recognised. */
export const ATTEMPT_MARK = 'bluewire-attempt:'
