#!/usr/bin/env bash
# Everything a person does with this repository; `./do` alone lists it. On Debian 12 each command
# first installs what it needs and is not there yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

build_packages=(g++ cmake ninja-build pkg-config libfmt-dev libcli11-dev
  nlohmann-json3-dev libprotobuf-dev protobuf-compiler libjpeg-dev zlib1g-dev libspng-dev
  libsnappy-dev libgtest-dev libgmock-dev)
vendor_packages=(libdnnl-dev libxnnpack-dev libpthreadpool-dev)  # optional: kernels on them
python_packages=(python3 python3-venv)
arm_packages=(qemu-user libc6-arm64-cross)
lint_packages=(clang clang-format clang-tidy libclang-rt-14-dev python3)
thaw=build/release/thaw
# Of a compiler cache: what was compiled in another folder serves here too.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
# Of one input: seconds, MiB and bytes.
fuzz_limits=(-timeout=25 -rss_limit_mb=2048 -max_len=65536)

say() { printf '%s\n' "$*" >&2; }
die() { say "do: $*"; exit 1; }

# Installs those of the named packages that are missing.
need() {
  command -v dpkg-query >/dev/null || { say "do: not Debian; needed: $*"; return; }
  local package missing=()
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qx "installed $package" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "please install, as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "Installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq || say "do: apt-get update failed; trying with the lists there are"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null || die "could not install ${missing[*]}"
}

# A virtual environment with what tests/requirements.txt lists; made again when the list changes.
need_python() {
  need "${python_packages[@]}"
  local stamp=.venv/requirements.txt
  cmp -s tests/requirements.txt "$stamp" && return
  say "Setting up .venv for Python (TensorFlow is large: some minutes)"
  python3 -m venv .venv
  .venv/bin/pip install -q --disable-pip-version-check -r tests/requirements.txt ||
    die "could not install tests/requirements.txt into .venv"
  cp tests/requirements.txt "$stamp"
}

# Builds the targets of a preset (all when none is named); quiet unless something fails.
build_preset() {
  local preset=$1 log
  shift
  log=build/$preset/build.log
  mkdir -p "build/$preset"
  # From nothing, files are compiled together: half the work. CMakeCache.txt keeps what was chosen.
  local options=()
  case $preset in
    release | tsan) [ -e "build/$preset/CMakeCache.txt" ] || options=(-DTHAW_UNITY=ON) ;;
  esac
  if ! cmake --preset "$preset" "${options[@]}" >"$log" 2>&1; then
    cat "$log" >&2
    die "configuring failed"
  fi
  ninja -C "build/$preset" "$@" || die "building failed"
}

do_build() {
  need "${build_packages[@]}"
  build_preset release "${@:-thaw}"
  say "Built $thaw"
}

# The bundled detector on its scenes, or a model on pictures of one's own.
do_demo() {
  [ $# -ne 1 ] || die "usage: ./do demo [MODEL IMAGE...]   (environment: LABELS=label_map.pbtxt)"
  local path arguments=(--out build/demo)
  for path in "$@"; do [ -e "$path" ] || die "no such file: $path"; done
  [ $# -eq 0 ] || arguments+=(--model "$1" --images "${@:2}")
  [ $# -eq 0 ] || [ -z "${LABELS:-}" ] || arguments+=(--labels "$LABELS")
  do_build
  $thaw demo "${arguments[@]}"
}

do_test() {
  need "${build_packages[@]}"
  need_python
  build_preset release
  build/release/tests/thaw_tests --gtest_brief=1
  .venv/bin/python -m pytest -q tests python/tests "$@"
}

do_lint() {
  need "${build_packages[@]}" "${lint_packages[@]}"
  python3 tests/check_tree.py
  git ls-files -z '*.cc' '*.h' | xargs -0 clang-format --dry-run -Werror
  build_preset clang thaw_proto
  run_tidy build/clang
  need_python
  build_arm
}

# clang-tidy on everything below src/ but tests, with the compile commands of a build folder.
run_tidy() {
  git ls-files 'src/*.cc' | grep -vE '_(test|fuzz|bench)\.cc$' | xargs python3 tests/tidy.py "$1" ||
    die "clang-tidy complains"
}

# A compiler cache knows Zig's compiler by what chooses it, not by this checkout's script.
zig_ninja() {
  CCACHE_COMPILERTYPE=clang CCACHE_COMPILERCHECK="string:$(cat cmake/zig/zig tests/requirements.txt | sha256sum)" \
    ninja "$@"
}

# The kernels, what they stand on and their tests, compiled for 64-bit Arm. Without the compiler,
# which .venv brings, a message.
build_arm() {
  .venv/bin/python -m ziglang version >/dev/null 2>&1 || { say "skipped: .venv has no ziglang"; return 0; }
  mkdir -p build/arm
  cmake -S tests/arm -B build/arm -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/zig/toolchain.cmake" >build/arm/build.log 2>&1 ||
    { cat build/arm/build.log >&2; die "configuring failed"; }
  zig_ninja -C build/arm || die "does not compile for Arm"
}

# One for each level of instructions; the last has all and runs the kernels of all levels.
arm_processors=(cortex-a57 a64fx cortex-a76 max)

# Whether those tests can run here; otherwise a message.
can_test_arm() {
  [ -x build/arm/thaw_arm_tests ] || { say "skipped: there are no tests for Arm"; return 1; }
  command -v qemu-aarch64 >/dev/null && [ -d /usr/aarch64-linux-gnu/lib ] ||
    { say "skipped: no qemu-aarch64 and C library (Debian: ${arm_packages[*]})"; return 1; }
}

# The kernels' tests on an emulated processor, with fewer cases than elsewhere: emulation is slow.
test_arm() {
  THAW_KERNEL_CASES=${THAW_KERNEL_CASES:-11} qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu "$1" \
    build/arm/thaw_arm_tests --gtest_filter='KernelTable.*:CpuFeatures.*' "${@:2}"
}

do_arm_test() {
  need cmake ninja-build libfmt-dev libgtest-dev libgmock-dev
  (need "${arm_packages[@]}") || true
  need_python
  build_arm
  can_test_arm || return 0
  local processor
  for processor in "${arm_processors[@]}"; do
    say "== $processor"
    test_arm "$processor" --gtest_brief=1 "$@" || die "tests fail on $processor"
  done
}

# Wheels in build/wheels, for both processors unless one is named.
do_wheel() {
  need cmake ninja-build pkg-config protobuf-compiler dpkg-dev nasm binutils
  (need qemu-user) || true
  need_python
  [ $# -gt 0 ] || set -- x86_64 aarch64
  python/wheel/build "$@"
}

# What runs on several threads, under ThreadSanitizer. Models are not parsed there: Debian's protobuf
# was not built for it.
do_thread_test() {
  need "${build_packages[@]}"
  build_preset tsan thaw_tests
  TSAN_OPTIONS="suppressions=tests/tsan.supp" build/tsan/tests/thaw_tests --gtest_brief=1 \
    --gtest_filter="${1:-NullDevice*:Outputs*:Placement*:Request*:Batcher*:PlanCache*:Tune*:ThreadPool*:Stop*}"
}

# What fuzz targets found worth keeping, and how often they ran: kept between checkouts.
fuzz_folder=${XDG_CACHE_HOME:-${HOME:-$PWD/build}/.cache}/thaw/fuzz

# Keeps of a target's corpus what reaches something of its own, once it has doubled.
merge_corpus() {
  local program=$1 corpus=$2 files
  files=$(find "$corpus" -type f | wc -l)
  [ "$files" -gt $((2 * $(cat "$corpus.merged" 2>/dev/null || echo 500))) ] || return 0
  rm -rf "$corpus.new"
  mkdir "$corpus.new"
  "$program" -merge=1 "${fuzz_limits[@]}" "$corpus.new" "$corpus" >>"build/fuzz/$(basename "$program").log" 2>&1 ||
    return 0
  rm -rf "$corpus"
  mv "$corpus.new" "$corpus"
  find "$corpus" -type f | wc -l >"$corpus.merged"
}

# One target for so many seconds; a line says how it went, and one in executions.tsv how often it ran.
run_fuzz_target() {
  local program=$1 name corpus log count status=0
  name=$(basename "$program") corpus=$fuzz_folder/$(basename "$program") log=build/fuzz/$(basename "$program").log
  mkdir -p "$corpus"
  local seeds=("$corpus")
  [ -d "tests/fuzz/$name" ] && seeds+=("tests/fuzz/$name")
  "$program" -max_total_time="$2" -print_final_stats=1 "${fuzz_limits[@]}" -artifact_prefix="build/fuzz/$name-" \
    "${seeds[@]}" >"$log" 2>&1 || status=$?
  count=$(grep -aoE '^stat::number_of_executed_units: +[0-9]+' "$log" | grep -oE '[0-9]+$' ||
    grep -aoE '^#[0-9]+' "$log" | tail -n 1 | tr -d '#' || echo 0)
  printf '%s\t%s\t%s\n' "$(date +%F)" "$name" "$count" >>"$fuzz_folder/executions.tsv"
  if [ "$status" -ne 0 ]; then
    echo "FAILED  $name"
    tail -n 40 "$log"
    return 1
  fi
  echo "ok      $name: $count runs"
  merge_corpus "$program" "$corpus"
}

# Runs every fuzz target for a while, or those named, as many at a time as there are processors.
do_fuzz() {
  need "${build_packages[@]}" "${lint_packages[@]}"
  local seconds=${1:-60}
  [ $# -eq 0 ] || shift
  build_preset fuzz "${@:-all}"
  local names=("$@")
  [ $# -gt 0 ] || names=('*_fuzz')
  local name
  for name in "${names[@]}"; do find build/fuzz/tests -name "$name" -type f -executable; done | sort |
    xargs -r -P "$(nproc)" -I{} bash -c 'source ./do && run_fuzz_target {} '"$seconds"
}

usage() {
  cat <<'TEXT'
./do build                    builds build/release/thaw
./do demo [MODEL IMAGE...]    inspects, converts, detects, times and compares the bundled detector,
                              or your model on your pictures
./do test [PYTEST ARGUMENT]   builds and runs all tests
./do lint                     layers, sizes, formatting, clang-tidy, compiling for Arm
./do arm-test                 builds the kernels' tests for 64-bit Arm and runs them under qemu
./do thread-test              builds the unit tests with ThreadSanitizer and runs those of several threads
./do wheel [x86_64|aarch64]   builds the Python wheels into build/wheels and tries them
./do fuzz [SECONDS [TARGET...]]  builds and runs the fuzz targets, a minute each
TEXT
}

[[ "${BASH_SOURCE[0]}" == "$0" ]] || return 0

case "${1:-}" in
  build | demo | test | lint | wheel | fuzz) "do_$1" "${@:2}" ;;
  arm-test) do_arm_test "${@:2}" ;;
  thread-test) do_thread_test "${@:2}" ;;
  "" | help | -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
