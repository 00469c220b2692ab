# shellcheck shell=bash
# How our scripts speak: short lines, colour only on a terminal. Sourced, never run.

if [[ -t 1 && -z "${NO_COLOR:-}" ]]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
else
  bold='' green='' red='' yellow='' plain=''
fi

# A step that begins.
step() { printf '%s==>%s %s\n' "$bold" "$plain" "$*"; }

# A result, good or bad, and what it means for the reader.
good() { printf '%s ok %s %s\n' "$green" "$plain" "$*"; }
bad() { printf '%sFAIL%s %s\n' "$red" "$plain" "$*"; }
note() { printf '%snote%s %s\n' "$yellow" "$plain" "$*"; }

# The end: what went wrong and, on further lines, what mends it.
die() {
  printf '%serror%s %s\n' "$red" "$plain" "$1" >&2
  shift
  local line
  for line in "$@"; do printf '      %s\n' "$line" >&2; done
  exit 1
}
