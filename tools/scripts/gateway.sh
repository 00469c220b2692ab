# shellcheck shell=bash
# Starts a mock provider and the gateway in front of it, and stops both. Sourced after terminal.sh.
#
# start_gateway <bin folder> <run folder> [<port> <admin port>] takes these ports if they are free,
# else any, and sets: gateway_url, admin_url, provider_url, gateway_key.
# Both processes die with the script, however it ends.

mock_pid='' gateway_pid=''

# start_child <command...> &: a program that dies when we do, and that a Ctrl-C on the terminal
# reaches only through us. exec: $! is the program itself, not a shell around it.
start_child() { exec setsid setpriv --pdeathsig TERM -- "$@"; }

# free_port <preferred>: that one if nobody listens there, else one of the kernel's choice.
free_port() {
  python3 - "$1" <<'PYTHON'
import socket, sys
for port in (int(sys.argv[1]), 0):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(probe.getsockname()[1])
        break
PYTHON
}

# wait_until <seconds> <pid> <name> <log> <command...>: until the command succeeds.
wait_until() {
  local deadline=$((SECONDS + $1)) pid=$2 name=$3 log=$4
  shift 4
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$pid" 2>/dev/null; then
      tail -n 20 "$log" >&2
      die "$name ended while it started; its last words are above"
    fi
    ((SECONDS < deadline)) || die "$name is not ready" "see $log"
    sleep 0.02
  done
}

start_gateway() {
  local bin=$1 run=$2 port=${3:-0} admin_port=${4:-0}
  mkdir -p "$run"

  start_child "$bin/headrace-mock" --listen 127.0.0.1:0 >"$run/mock.log" 2>&1 </dev/null &
  mock_pid=$!
  wait_until 10 "$mock_pid" headrace-mock "$run/mock.log" grep -q '^{' "$run/mock.log"
  provider_url=http://$(mock_address "$run/mock.log")

  local listen admin
  listen=127.0.0.1:$(free_port "$port")
  admin=127.0.0.1:$(free_port "$admin_port")
  # shellcheck disable=SC2034 # read by whoever sources this
  gateway_url=http://$listen admin_url=http://$admin gateway_key=hr-demo-key
  export HEADRACE_LISTEN=$listen HEADRACE_ADMIN=$admin HEADRACE_PROVIDER_URL=$provider_url
  export HEADRACE_PROVIDER_KEY=provider-demo-key
  start_child "$bin/headrace" --config deploy/config/demo.yaml \
    >"$run/access.log" 2>"$run/headrace.log" </dev/null &
  gateway_pid=$!
  wait_until 10 "$gateway_pid" headrace "$run/headrace.log" curl -sf "$admin_url/ready"
}

# The mock says in one line of JSON where it listens.
mock_address() {
  python3 -c 'import json, sys
print(next(json.loads(line)["listen"] for line in open(sys.argv[1]) if line.startswith("{")))' "$1"
}

# The gateway first: it drains, and its provider must be there until it has.
stop_gateway() {
  local pid
  for pid in $gateway_pid $mock_pid; do stop_child "$pid"; done
  gateway_pid='' mock_pid=''
}

stop_child() {
  local pid=$1 tries=0
  kill -TERM "$pid" 2>/dev/null || return 0
  while kill -0 "$pid" 2>/dev/null; do
    ((++tries > 250)) && kill -KILL "$pid" 2>/dev/null
    sleep 0.02
  done
  wait "$pid" 2>/dev/null || true
}
