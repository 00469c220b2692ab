# shellcheck shell=bash
# Configures and builds one CMake preset. Sourced after terminal.sh and packages.sh.

# build_preset <preset> [target...]: in the preset's folder, which is build/<preset> for all but one;
# everything if no target is named.
build_preset() {
  local preset=$1 started=$SECONDS
  shift
  local log="build/$preset.configure.log"
  mkdir -p build
  step "building $preset"
  if ! cmake --preset "$preset" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    die "cmake could not configure '$preset' (see above)"
  fi
  local targets=()
  (($#)) && targets=(--target "$@")
  # nice: a build must not make the machine unusable for the one who waits for it.
  nice cmake --build --preset "$preset" --parallel "$(build_jobs)" "${targets[@]}" </dev/null ||
    die "the build of '$preset' failed (see above)"
  good "built $preset in $((SECONDS - started)) s"
}

# As many compilers as cores, but no more than memory carries: some of our files take 1.5 GB.
build_jobs() {
  local cores memory_kib by_memory
  cores=$(nproc)
  memory_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  by_memory=$((memory_kib / 1572864))
  ((by_memory < 1)) && by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}
