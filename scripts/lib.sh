# Shared by the scripts of this folder (sourced, never run): where things are, how to say what happens.
# shellcheck shell=bash

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"

# The name under which rustup knows the compiler that builds wasm where rustup's own has no wasm target.
WASM_TOOLCHAIN=airlock-wasm
WASM_TARGET=wasm32v1-none

say()  { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
fail() { printf '\033[31merror:\033[0m %s\n' "$*" >&2; exit 1; }

# One profile, one target directory. In CI it lies outside the checkout, so that a fresh clone on the
# same machine starts warm.
if [ -z "${CARGO_TARGET_DIR:-}" ]; then
	if [ "${CI:-}" = true ]; then
		export CARGO_TARGET_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/airlock/target"
	else
		export CARGO_TARGET_DIR="$ROOT/target"
	fi
fi
BIN="$CARGO_TARGET_DIR/release"

# By compiling something: after an update of the compiler an old standard library is still there, and useless.
has_wasm_target() { # $1: a rustc
	command -v "$1" >/dev/null || return 1
	local work found=1
	work="$(mktemp -d)"
	# Into a folder of its own: rustc replaces its output file, whatever it is.
	echo '#![no_std] extern crate alloc;' \
		| "$1" --target $WASM_TARGET --crate-type lib --emit metadata --out-dir "$work" - 2>/dev/null && found=0
	rm -rf "$work"
	return $found
}

# Environment of every cargo call that builds wasm. The hash of a blob must not depend on where checkout, target
# directory or cargo's home lie: all are mapped away from panic locations, and `rustc-wasm` names our own crates.
wasm_env() {
	local home="${CARGO_HOME:-$HOME/.cargo}"
	local remap="--remap-path-prefix=$ROOT=/airlock --remap-path-prefix=$home=/cargo --remap-path-prefix=$CARGO_TARGET_DIR=/target"
	export WASM_BUILD_RUSTFLAGS="$remap"
	export WASM_BUILD_CARGO_ARGS="--config \"build.rustc-wrapper='$ROOT/scripts/rustc-wasm'\""
	export WASM_BUILD_WORKSPACE_HINT="$ROOT"
	if command -v rustup >/dev/null && ! has_wasm_target rustc && has_wasm_target /usr/bin/rustc; then
		export WASM_BUILD_TOOLCHAIN="$WASM_TOOLCHAIN"
	fi
}

# Builds everything, and becomes one of its programs on the node that was built. $1: the program; the rest: its options.
# Asked for help before anything is built, it shows the beginning of the script that calls it.
build_and_run() {
	local program="$BIN/$1"
	shift
	case " $* " in
		*" --help "*|*" -h "*)
			[ -x "$program" ] && exec "$program" --help
			sed -n '2,4s/^# //p' "$ROOT/scripts/$(basename "$0")"
			exit 0 ;;
	esac
	scripts/setup
	wasm_env
	say "building the node and the test upgrades (the first time takes half an hour on two cores)"
	cargo build --release --locked --workspace || fail "the build failed: see cargo's message above."
	exec "$program" --node "$BIN/airlock-node" "$@"
}
