# shellcheck shell=bash
# Lets the official SDKs talk to a running gateway. Sourced after terminal.sh.
#
# install_sdks is apart from run_sdk_demo, so that a test may tell "no registry" from "does not work".

demo_folder=build/demo

# The JavaScript SDKs from npm, as the lock file says; the Python SDKs where PyPI is reachable.
# Fails only without the JavaScript ones.
install_sdks() {
  mkdir -p "$demo_folder"
  (
    flock 9
    install_node_sdks && install_python_sdk
  ) 9>"$demo_folder/lock"
}

install_node_sdks() {
  local folder=$demo_folder/node log=$demo_folder/npm.log
  mkdir -p "$folder"
  local file
  for file in tools/demo/node/*.mjs; do
    # Another run may be reading its copy.
    cmp -s "$file" "$folder/${file##*/}" || cp "$file" "$folder/"
  done
  cmp -s tools/demo/node/package-lock.json "$folder/installed.json" && return
  step "installing the SDKs from npm"
  cp tools/demo/node/package.json tools/demo/node/package-lock.json "$folder/"
  if ! npm --prefix "$folder" ci --no-audit --no-fund >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    return 1
  fi
  cp tools/demo/node/package-lock.json "$folder/installed.json"
}

install_python_sdk() {
  local folder=$demo_folder/python log=$demo_folder/pip.log pinned=tools/demo/python/requirements.txt
  cmp -s "$pinned" "$folder/installed.txt" && return
  step "installing the Python SDKs from PyPI"
  rm -rf "$folder"
  if python3 -m venv "$folder" >"$log" 2>&1 &&
    "$folder/bin/pip" --disable-pip-version-check install --quiet --only-binary :all: \
      --require-hashes --requirement "$pinned" >>"$log" 2>&1 </dev/null; then
    cp "$pinned" "$folder/installed.txt"
  else
    note "PyPI is not reachable from here: the Python SDKs are left out (see $log)"
    rm -f "$folder/installed.txt"
  fi
}

# run_sdk_demo <gateway url> <key>: prints what came back, and "demo: N passed, M failed".
run_sdk_demo() {
  export DEMO_GATEWAY=$1 DEMO_KEY=$2
  local passed=0 failed=0 output
  export DEMO_OPENAI_MODEL=gpt-4o-mini DEMO_EMBEDDING_MODEL=text-embedding-3-small
  export DEMO_ANTHROPIC_MODEL=claude-haiku-4-5 DEMO_GEMINI_MODEL=gemini-2.5-flash
  output=$(mktemp)

  run_sdk_steps node "$demo_folder/node/demo.mjs"
  if [[ -f $demo_folder/python/installed.txt ]]; then
    run_sdk_steps "$demo_folder/python/bin/python" tools/demo/python/demo.py
  else
    note "without the Python SDKs: PyPI was not reachable"
  fi
  rm -f "$output"
  echo "demo: $passed passed, $failed failed"
  ((failed == 0))
}

# Runs one SDK's steps and adds its last line to the sum. Sees run_sdk_demo's variables.
run_sdk_steps() {
  local status=0 last
  "$@" </dev/null 2>&1 | tee "$output" | grep -vE '^[0-9]+ passed, [0-9]+ failed$' || true
  status=${PIPESTATUS[0]}
  last=$(tail -n 1 "$output")
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  else
    bad "the SDK's steps ended early (status $status)"
    failed=$((failed + 1))
  fi
}
