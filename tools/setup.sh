#!/bin/sh
# Makes .venv with the pinned dependencies, and the system packages of the parts named: `demo`, `test`, `fuzz`.
# Does nothing, and needs no network, when all of it is there already.
set -eu
cd "$(dirname "$0")/.."

need=""
lack() { command -v "$1" >/dev/null 2>&1 || need="$need $2"; }

optional="" # without these the tests of other boards and the fuzzers of C are skipped
wish() { [ -e "$1" ] || optional="$optional $2"; }
fuzzers() {
    wish /usr/bin/clang-14 clang-14
    wish "$(find /usr/lib/llvm-14 -name 'libclang_rt.fuzzer-*.a' 2>/dev/null | head -n 1)" libclang-rt-14-dev
}

lack python3 python3
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || need="$need python3-venv"
for part in "$@"; do
    case $part in
    demo) command -v cc >/dev/null 2>&1 || need="$need gcc libc6-dev" ;;
    test)
        lack mosquitto mosquitto
        ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || lack initdb postgresql
        lack chromium chromium
        lack node nodejs
        command -v npm >/dev/null 2>&1 || optional="$optional npm"
        lack g++ g++
        wish /usr/bin/avr-gcc gcc-avr
        wish /usr/lib/avr/include/avr/io.h avr-libc
        wish /usr/include/simavr/sim_avr.h libsimavr-dev
        wish /usr/bin/arduino-builder arduino-builder
        wish /usr/share/arduino/hardware/arduino/avr arduino-core-avr
        wish /usr/bin/arm-none-eabi-gcc gcc-arm-none-eabi
        wish /usr/include/newlib/string.h libnewlib-arm-none-eabi
        wish /usr/bin/qemu-system-arm qemu-system-arm
        wish /usr/bin/tsc node-typescript
        fuzzers
        [ -n "$(find /usr/share/fonts -iname '*wqy*' -o -iname '*cjk*' 2>/dev/null | head -n 1)" ] || need="$need fonts-wqy-microhei"
        ;;
    fuzz) fuzzers ;;
    *) echo "setup: unknown part '$part'; the parts are demo, test and fuzz" >&2; exit 2 ;;
    esac
done
if [ -n "$need" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "setup: installing system packages:$need" >&2
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $need; } >.setup.log 2>&1 ||
            { tail -n 20 .setup.log >&2; echo "setup: apt-get failed; the whole of it is in .setup.log" >&2; exit 1; }
        rm -f .setup.log
    else
        echo "setup: system packages are missing. Run this once, then try again:" >&2
        echo "    sudo apt-get install --no-install-recommends$need" >&2
        [ "$need" = " gcc libc6-dev" ] && [ "$*" = demo ] || exit 1
        echo "setup: going on without a C compiler: the demo then uses the Python MCU." >&2
    fi
fi
if [ -n "$optional" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "setup: installing compilers, simulators and fuzzers:$optional" >&2
        apt-get update -q >.setup.log 2>&1 || true
        for package in $optional; do # one by one: a system that lacks one of them may have the others
            DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" >>.setup.log 2>&1 ||
                echo "setup: no $package (.setup.log says why); the tests that need it are skipped" >&2
        done
    else
        echo "setup: the tests of other boards and the fuzzers of C are skipped; to have them:" >&2
        echo "    sudo apt-get install --no-install-recommends$optional" >&2
    fi
fi

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "setup: wxlink needs Python 3.11 or newer; python3 here is $(python3 -V)" >&2; exit 1; }

wanted=$(cat pyproject.toml constraints.txt tools/setup.sh | cksum)
if [ "$(cat .venv/.wxlink-setup 2>/dev/null)" != "$wanted" ]; then
    echo "setup: making .venv (once, a minute or so)" >&2
    [ -x .venv/bin/python ] || python3 -m venv .venv
    # --group needs pip 25.1; pip itself is pinned with the rest.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$(grep '^pip==' constraints.txt)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench,flash,postgres]' --group dev
    echo "$wanted" >.venv/.wxlink-setup
fi
case " $* " in
*" fuzz "*)
    .venv/bin/python -c 'import atheris' 2>/dev/null ||
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group fuzz
    ;;
esac
case " $* " in
*" test "*)
    lock=$(cksum <tests/npm/package-lock.json)
    if command -v npm >/dev/null 2>&1 && [ "$(cat .venv/npm/.wxlink-setup 2>/dev/null)" != "$lock" ]; then
        mkdir -p .venv/npm
        cp tests/npm/package.json tests/npm/package-lock.json .venv/npm
        npm ci --prefix .venv/npm --ignore-scripts --no-audit --no-fund --loglevel=error >&2
        echo "$lock" >.venv/npm/.wxlink-setup
    fi
    ;;
esac
