#!/usr/bin/env bash
# Everything a person does with this repository; `./do` alone lists it. On Debian 12 each command
# first installs what it needs and is not there yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

build_packages=(g++ cmake ninja-build pkg-config libfmt-dev libspdlog-dev libcli11-dev
  nlohmann-json3-dev libprotobuf-dev protobuf-compiler libjpeg-dev zlib1g-dev libspng-dev
  libsnappy-dev libgtest-dev libgmock-dev)
vendor_packages=(libdnnl-dev libxnnpack-dev libpthreadpool-dev)  # optional: kernels on them
python_packages=(python3 python3-venv)
arm_packages=(qemu-user libc6-arm64-cross)
lint_packages=(clang clang-format clang-tidy libclang-rt-14-dev python3)
thaw=build/release/thaw

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
  if ! cmake --preset "$preset" >"$log" 2>&1; then
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
  .venv/bin/python -m pytest -q tests "$@"
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

# The kernels, what they stand on and their tests, compiled for 64-bit Arm. Without the compiler,
# which .venv brings, a message.
build_arm() {
  .venv/bin/python -m ziglang version >/dev/null 2>&1 || { say "skipped: .venv has no ziglang"; return 0; }
  mkdir -p build/arm
  cmake -S tests/arm -B build/arm -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux \
    -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER="$PWD/tests/arm/cxx" \
    >build/arm/build.log 2>&1 || { cat build/arm/build.log >&2; die "configuring failed"; }
  ninja -C build/arm || die "does not compile for Arm"
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

# Runs every fuzz target for a while, as many at a time as there are processors.
do_fuzz() {
  need "${build_packages[@]}" "${lint_packages[@]}"
  local seconds=${1:-60}
  build_preset fuzz
  export seconds
  run_one() {
    local name
    name=$(basename "$1")
    mkdir -p "build/fuzz/corpus/$name"
    local seeds=("build/fuzz/corpus/$name")
    [ -d "tests/fuzz/$name" ] && seeds+=("tests/fuzz/$name")
    "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
      -artifact_prefix="build/fuzz/$name-" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1 &&
      echo "ok      $name: $(grep -oE 'Done [0-9]+ runs' "build/fuzz/$name.log")" ||
      { echo "FAILED  $name"; tail -40 "build/fuzz/$name.log"; return 1; }
  }
  export -f run_one
  find build/fuzz -name '*_fuzz' -type f -executable | sort |
    xargs -r -P "$(nproc)" -I{} bash -c 'run_one {}'
}

usage() {
  cat <<'TEXT'
./do build                    builds build/release/thaw
./do demo [MODEL IMAGE...]    inspects, converts, detects, times and compares the bundled detector,
                              or your model on your pictures
./do test [PYTEST ARGUMENT]   builds and runs all tests
./do lint                     layers, sizes, formatting, clang-tidy, compiling for Arm
./do arm-test                 builds the kernels' tests for 64-bit Arm and runs them under qemu
./do fuzz [SECONDS]           builds and runs the fuzz targets, a minute each
TEXT
}

[[ "${BASH_SOURCE[0]}" == "$0" ]] || return 0

case "${1:-}" in
  build | demo | test | lint | fuzz) "do_$1" "${@:2}" ;;
  arm-test) do_arm_test "${@:2}" ;;
  "" | help | -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
