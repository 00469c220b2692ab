# shellcheck shell=bash
# The Debian packages that each task needs, and how the missing ones get installed.
# Sourced after terminal.sh. install_packages <task>...  is quiet if nothing is missing.

# packages_for <task>: one name a line.
packages_for() {
  case "$1" in
    build) # what the programs and their tests are compiled from
      printf '%s\n' g++ cmake ninja-build ccache pkg-config \
        liburing-dev libsimdjson-dev libxxhash-dev libmimalloc-dev android-libboringssl-dev \
        libc-ares-dev libyaml-cpp-dev libcli11-dev libfmt-dev nlohmann-json3-dev \
        libgtest-dev libgmock-dev libbenchmark-dev gettext
      ;;
    run) # what starts the programs and asks whether they are ready
      printf '%s\n' python3 curl
      ;;
    test | demo) # what the end-to-end tests and the demo start besides our own programs
      printf '%s\n' python3 python3-venv curl ca-certificates openssl faketime
      node_is_usable || printf '%s\n' nodejs npm
      ;;
    check)
      printf '%s\n' git python3 shellcheck \
        clang-19 clang-tidy-19 clang-format-19 lld-19 libclang-rt-19-dev
      ;;
    profile) # what shows headrace the ways of usual requests, and tests it (tools/build_profiled)
      printf '%s\n' python3 openssl
      ;;
    compare) # the peers that bench/compare measures us against, and wrk to check our own load
      printf '%s\n' python3 openssl nginx-light haproxy wrk
      ;;
    coverage)
      printf '%s\n' gcovr
      ;;
    *) die "no such task: $1" "there are: ${package_tasks[*]}" ;;
  esac
}

package_tasks=(build run test demo check profile compare coverage)
node_version_min=18

# Node comes from Debian (version 18) only where the machine has none of its own.
node_is_usable() {
  local version
  version=$(node --version 2>/dev/null) && command -v npm >/dev/null || return 1
  version=${version#v}
  ((${version%%.*} >= node_version_min))
}

package_is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Another package may do the same work: any nginx is as good as nginx-light.
package_is_satisfied() {
  package_is_installed "$1" && return
  case "$1" in
    nginx-light) command -v nginx >/dev/null || [[ -x /usr/sbin/nginx ]] ;;
    haproxy) [[ -x /usr/sbin/haproxy ]] ;;
    *) return 1 ;;
  esac
}

run_as_root() {
  if ((EUID == 0)); then
    "$@"
  elif [[ -t 0 ]]; then
    sudo -- "$@"
  else
    sudo -n -- "$@"
  fi
}

# Installs without asking anything; apt's own words go to the log and are shown if it fails. A package
# that brings a service (nginx, haproxy) must not start it: it would take ports and memory on a machine
# that only wanted a peer to measure against.
install_debian_packages() {
  local policy=/usr/sbin/policy-rc.d log=build/packages.log made_policy=0 failed=0 service
  mkdir -p build
  if [[ ! -e $policy ]]; then
    # Whoever already has a policy keeps it.
    run_as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy" && made_policy=1
  fi
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300
    -o Dpkg::Use-Pty=0 --yes)
  run_as_root "${apt[@]}" update </dev/null >"$log" 2>&1 ||
    note "apt-get update failed; trying with the lists at hand"
  if ! run_as_root "${apt[@]}" install --no-install-recommends "$@" </dev/null >>"$log" 2>&1; then
    tail -n 40 "$log" >&2
    failed=1
  fi
  ((made_policy)) && run_as_root rm -f "$policy"
  if [[ -d /run/systemd/system ]]; then
    for service in nginx haproxy; do
      [[ " $* " == *" $service"* ]] || continue
      run_as_root systemctl --quiet disable --now "$service" || note "is $service running now?"
    done
  fi
  return $failed
}

# install_packages <task>...
install_packages() {
  local task name missing=()
  local -A wanted=()
  for task in "$@"; do
    for name in $(packages_for "$task"); do wanted[$name]=1; done
  done

  if ! command -v dpkg-query >/dev/null; then
    note "not a Debian system: make sure that you have what these packages hold:"
    printf '     %s\n' "${!wanted[*]}"
    return 0
  fi
  for name in "${!wanted[@]}"; do
    package_is_satisfied "$name" || missing+=("$name")
  done
  ((${#missing[@]})) || return 0

  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort)
  step "installing Debian packages: ${missing[*]}"
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "packages are missing, and there is neither root nor sudo to install them" \
      "as root:  apt-get install ${missing[*]}"
  fi
  install_debian_packages "${missing[@]}" ||
    die "could not install the packages" "try:  apt-get install ${missing[*]}"
}
