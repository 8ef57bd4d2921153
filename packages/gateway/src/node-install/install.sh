#!/bin/sh
# Makes this Mac a node of a Bluewire gateway, for the macOS user who runs it, without root:
#
#   curl -fsSL GATEWAY/node/install.sh | sh -s -- CODE SHA256 [--any-node] [options of `bluewire-node join`]
#
# CODE is a one-time code, SHA256 names the agent; `bluewire-gateway enrol` prints both. Nothing is fetched but the agent, from the gateway.
# Everything is in functions that the last line calls: of a download that was cut off nothing runs.

gateway='@GATEWAY@' # put in by the gateway

node_major_min=24
node_official=/usr/local/bin/node # where the package of nodejs.org puts it

say() { printf '%s\n' "$*"; }

step() { printf '  %-8s  %s\n' "$1" "$2"; }

fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# A program of macOS by its own path, or the one of that name in the folder that stands in for a Mac.
tool() {
  if [ -n "${BLUEWIRE_MAC_TOOLS:-}" ] && [ -x "$BLUEWIRE_MAC_TOOLS/${1##*/}" ]; then
    printf '%s' "$BLUEWIRE_MAC_TOOLS/${1##*/}"
  else
    printf '%s' "$1"
  fi
}

# Whether there is such a program, here or where a Mac is stood in for.
has_tool() { [ -x "$(tool "$1")" ]; }

usage() {
  fail "Usage: curl -fsSL $gateway/node/install.sh | sh -s -- CODE SHA256 [--any-node] [--dir D] [--name N] [--driver D]
Whoever runs the gateway gets the whole command, with a new code, from: bluewire-gateway enrol"
}

# What a shell reads as exactly this word.
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# --- what this machine must be

check_machine() {
  stands_in=${BLUEWIRE_MAC_TOOLS:+yes}
  if [ -z "$stands_in" ] && [ "$(uname -s)" != Darwin ]; then
    fail "This is not a Mac ($(uname -s)). The agent sends with the Messages app of macOS: run the command on the Mac that is to send."
  fi
  case ${HOME:-} in
    /*) ;;
    *) fail 'HOME is not set, so there is no place for the agent. Open a new Terminal window and run the command there.' ;;
  esac
  if { [ -z "$stands_in" ] || has_tool /usr/bin/id; } && [ "$("$(tool /usr/bin/id)" -u)" = 0 ]; then
    fail 'This is root, and the Messages of a person cannot be used from there. Run the command without sudo, as the user whose Messages are to send.'
  fi
  session=$("$(tool /bin/launchctl)" managername 2>/dev/null </dev/null) || session=unknown
  if [ "$session" != Aqua ]; then
    fail "This is no session at the screen of the Mac (launchctl calls it $session): over SSH, macOS lets nothing control Messages.
Log in at the screen or with Screen Sharing, open Terminal and run the command there."
  fi
}

# --- Node.js

# Prints why permissions that are given to this program would not last; nothing: they last. macOS ties them to the path and the signature.
why_not_lasting() {
  case $1 in
    */Cellar/* | */homebrew/* | */linuxbrew/*)
      say "is Homebrew's. Its signature changes at each upgrade: macOS then takes the permissions back without a word, and this Mac stops sending until somebody gives them again at its screen"
      return
      ;;
    */.nvm/* | */.fnm/* | */fnm/* | */fnm_multishells/* | */.volta/* | */.asdf/* | */.nodenv/* | */mise/* | */.n/*)
      say "belongs to a version manager. Its path changes with each version: macOS then takes it for another program, and this Mac stops sending until somebody gives the permissions again at its screen"
      return
      ;;
  esac
  has_tool /usr/bin/codesign || return 0
  case $("$(tool /usr/bin/codesign)" -dv "$1" 2>&1 </dev/null) in
    *Signature=adhoc* | *'not signed'*)
      say 'has no signature of its maker (it is ad hoc): at each upgrade macOS takes the permissions back without a word, and this Mac stops sending until somebody gives them again at its screen'
      ;;
  esac
}

find_node() {
  node='' found=''
  for candidate in "$(tool "$node_official")" "$(command -v node || true)"; do
    [ -x "$candidate" ] || continue
    about=$("$candidate" -p 'process.versions.node + " " + process.execPath' 2>/dev/null </dev/null) || continue
    node_version=${about%% *}
    path=${about#* }
    major=${node_version%%.*}
    case $major in '' | *[!0-9]*) continue ;; esac
    if [ "$major" -lt "$node_major_min" ]; then
      found="$found
  $path is $node_version, which is too old."
      continue
    fi
    case $found in *"$path "*) continue ;; esac
    reason=$(why_not_lasting "$path")
    if [ -z "$reason" ] || [ "$any_node" = yes ]; then
      node=$path
      return
    fi
    found="$found
  $path $reason. (To use it all the same, add --any-node.)"
  done
  fail "Node.js $node_major_min is needed, in the form that keeps its permissions: the signed package of nodejs.org.
${found:+Found:$found
}1. Open https://nodejs.org/en/download, choose v$node_major_min, macOS, and \"macOS Installer (.pkg)\", and install it. It puts Node.js at $node_official.
   Not Homebrew's, and not one of a version manager: macOS ties permissions to path and signature, and those lose them at each upgrade.
2. Run the command again. The code is still good: nothing was used up."
}

# --- the agent

find_checker() {
  for checker in shasum sha256sum openssl; do
    if command -v "$checker" >/dev/null; then return; fi
  done
  fail 'There is no program here that can check what is fetched: shasum, sha256sum or openssl. Nothing was fetched.'
}

# The SHA-256 of a file.
sha256_of() {
  case $checker in
    shasum) shasum -a 256 <"$1" ;;
    sha256sum) sha256sum <"$1" ;;
    openssl) openssl dgst -sha256 <"$1" ;;
  esac | sed -n 's/.*\([0-9a-f]\{64\}\).*/\1/p'
}

is_private_address() {
  case $1 in
    127.* | 10.* | 192.168.* | 169.254.* | 172.1[6-9].* | 172.2[0-9].* | 172.3[01].*) return 0 ;;
    100.6[4-9].* | 100.[7-9][0-9].* | 100.1[01][0-9].* | 100.12[0-7].*) return 0 ;;
    ::1 | f[cd]*:* | fe[89ab]*:*) return 0 ;;
  esac
  return 1
}

# Where the gateway is reached without encryption, it must be in a private network; `join` holds the same.
fetch_agent() {
  case $gateway in
    https://*) set -- "$1" --proto '=https' ;;
    *) set -- "$1" --proto '=http' --noproxy '*' ;;
  esac
  file=$1
  shift
  answer=$(curl -sSL "$@" --connect-timeout 20 --max-time 600 -o "$file" -w '%{http_code} %{remote_ip}' \
    "$gateway/node/bluewire-node-$sha256.mjs" </dev/null) ||
    fail "The agent could not be fetched from $gateway. Does this Mac reach that address?"
  case $gateway in
    http://*)
      is_private_address "${answer#* }" || [ "$insecure" = yes ] ||
        fail "$gateway is at ${answer#* }, a public address, and the connection is not encrypted. The gateway needs an address that begins with https:// (its setting BLUEWIRE_PUBLIC_URL); --insecure accepts that others on the way read and change everything."
      ;;
  esac
  [ "${answer%% *}" = 200 ] && return
  sentence=$(sed -n 's/.*"message":"\([^"]*\)".*/\1/p' "$file" | cut -c 1-500)
  fail "The gateway did not give the agent (${answer%% *}). ${sentence:-Is there a Bluewire gateway at $gateway?}"
}

# Into versions/<sha256>/, whole or not at all.
place_agent() {
  place="$root/versions/$sha256"
  agent="$place/bluewire-node.mjs"
  if [ -f "$agent" ] && [ "$(sha256_of "$agent")" = "$sha256" ]; then
    step agent 'is here already, and its checksum is right'
    return
  fi
  mkdir -p "$root/versions"
  draft=$(mktemp -d "$root/.draft-XXXXXX")
  trap 'rm -rf "$draft"' EXIT
  trap 'exit 1' HUP INT TERM
  fetch_agent "$draft/bluewire-node.mjs"
  got=$(sha256_of "$draft/bluewire-node.mjs")
  if [ "$got" != "$sha256" ]; then
    fail "What came is not the agent that the command names: its SHA-256 is ${got:-unknown}, not $sha256. It was not run, and is removed.
Is the whole command there as it was printed? If it is, somebody between this Mac and the gateway changes what is fetched."
  fi
  rm -rf "$place"
  mv "$draft" "$place"
  step agent "fetched from $gateway, its checksum is right"
}

# `current` names the version that runs; it changes from one moment to the next. (`mv` would go into the folder that the old one names.)
use_agent() {
  # shellcheck disable=SC2016 # it is JavaScript: nothing in it is the shell's
  "$node" -e '
    const { renameSync, rmSync, symlinkSync, writeFileSync } = require("node:fs")
    const [root, version, program] = process.argv.slice(1)
    const draft = `${root}/.draft-${process.pid}`
    rmSync(draft, { force: true })
    symlinkSync(`versions/${version}`, draft)
    renameSync(draft, `${root}/current`)
    writeFileSync(draft, program, { mode: 0o700 })
    renameSync(draft, `${root}/bluewire-node`)
  ' "$root" "$sha256" "#!/bin/sh
# The Bluewire node agent of this user, by its name. Written by install.sh of $gateway.
exec $(quoted "$node") $(quoted "$root/current/bluewire-node.mjs") \"\$@\"
" </dev/null
}

join_gateway() {
  joined=$("$node" "$agent" join "$gateway" "$code" --keep "$@" </dev/null) ||
    fail 'This Mac has not joined; nothing of it runs. With a new code the command can be given again.'
  step joined "${joined%% Start it with*}"
}

start_agent() {
  force=''
  [ "$any_node" = no ] || force=--force # `install` has the same objections to a Node.js
  said=$("$node" "$root/current/bluewire-node.mjs" install $force ${dir:+--dir "$dir"} </dev/null) ||
    fail "This Mac has joined, but its agent could not be made to run by itself. When that is mended: $(quoted "$root/bluewire-node") install"
  step agent 'runs, and starts with every log-in'
  [ -z "$said" ] || say "$said" | sed 's/^/            /'
}

# --- the whole

say_what_is_next() {
  say
  case $driver in
    messages-app | imsg) ;;
    *)
      say "Done. How it is: $(quoted "$root/bluewire-node") status${dir:+ --dir $(quoted "$dir")}"
      return
      ;;
  esac
  say "Done. Two permissions have to be given here, at the screen, to this program:

  $node

1. Full Disk Access, to read which messages came and went. Open the pane, press +, then Command-Shift-G, paste the path above, and turn it on:
     open 'x-apple.systempreferences:com.apple.preference.security?Privacy_AllFiles'
2. Automation, to send: a window asks whether \"node\" may control \"Messages\". Click OK. If it was missed, turn Messages on below node in:
     open 'x-apple.systempreferences:com.apple.preference.security?Privacy_Automation'

Whether everything is there: $(quoted "$root/bluewire-node") doctor${dir:+ --dir $(quoted "$dir")}"
}

# Takes the words after CODE and SHA256 apart: what is not for this script is for `join`, in the same order.
read_options() {
  any_node=no insecure=no driver='' dir=''
  left=$#
  while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    case $word in
      --any-node)
        any_node=yes
        continue
        ;;
      --insecure) insecure=yes ;;
      --dir | --driver | --name | --line)
        [ "$left" -gt 0 ] || fail "$word needs a value."
        [ "$word" != --dir ] || dir=$1
        [ "$word" != --driver ] || driver=$1
        set -- "$@" "$word" "$1"
        shift
        left=$((left - 1))
        continue
        ;;
      --dir=*) dir=${word#*=} ;;
      --driver=*) driver=${word#*=} ;;
      -*) ;;
      *) fail "\"$word\" is too much: after the code and the checksum come options only." ;;
    esac
    set -- "$@" "$word"
  done
  if [ -z "$driver" ]; then
    driver=messages-app
    set -- "$@" --driver "$driver"
  fi
  install_agent "$@"
}

install_agent() {
  say "Bluewire: this Mac becomes a node of $gateway"
  check_machine
  find_node
  find_checker
  step checked "Node.js $node_version at $node"
  root="$HOME/Library/Application Support/Bluewire"
  place_agent
  join_gateway "$@"
  use_agent
  start_agent
  say_what_is_next
}

main() {
  set -eu
  umask 077
  code=${1:-}
  sha256=$(printf '%s' "${2:-}" | tr 'A-F' 'a-f')
  case $code in '' | -* | *[!0-9A-Za-z-]*) usage ;; esac
  case $sha256 in *[!0-9a-f]*) usage ;; esac
  [ "${#sha256}" = 64 ] || usage
  shift 2
  read_options "$@"
}

{
  main "$@"
  exit
}
