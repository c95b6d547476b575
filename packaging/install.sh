#!/bin/sh
# Installs bpctl from a release's archive, after a check of the archive's SHA-256 checksum. For Linux and macOS; as any user.
set -eu

version=@VERSION@
from=@RELEASES@
prefix=${HOME:-}/.local

usage() {
  cat <<END
Usage: install.sh [--version VERSION] [--from URL|DIRECTORY] [--prefix DIRECTORY] [--static]

  --version VERSION      The release to install [default: $version]
  --from URL|DIRECTORY   Where its archives and SHA256SUMS are [default: ${from:-none}/v$version]
  --prefix DIRECTORY     Where bin/ and share/ go [default: $prefix]
  --static               Install the static binary (Linux), which is the default where glibc is missing or older than 2.34
END
}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

static=
while [ $# -gt 0 ]; do
  case $1 in
    --version | --from | --prefix)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case $1 in
        --version) version=${2#v} ;;
        --from) directory=$2 ;;
        --prefix) prefix=$2 ;;
      esac
      shift 2
      ;;
    --static) static=-static && shift ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done
case $version in *[!0-9A-Za-z.+-]* | '') fail "invalid version: $version" ;; esac
[ "$prefix" != /.local ] || fail "there is no home directory: name one with --prefix"
if [ -z "${directory-}" ]; then
  [ -n "$from" ] || fail "this copy does not know where the releases are: name the place with --from"
  directory=$from/v$version
fi

# glibc of 2.34 or newer: what the dynamic binary needs.
has_glibc() {
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || return 1
  glibc=${glibc#glibc }
  [ "${glibc%%.*}" -gt 2 ] || { minor=${glibc#*.} && [ "${minor%%.*}" -ge 34 ]; }
}

case $(uname -m) in
  x86_64 | amd64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
  *) fail "no binary for $(uname -m): build it with cargo" ;;
esac
case $(uname -s) in
  Linux)
    has_glibc || static=-static
    target=$machine-unknown-linux-gnu$static
    ;;
  Darwin) target=$machine-apple-darwin ;;
  *) fail "no archive for $(uname -s): see the release's page" ;;
esac

fetch() {
  case $directory in
    https://*)
      if command -v curl >/dev/null; then
        curl --proto '=https' --tlsv1.2 -fsSL -o "$scratch/$1" "$directory/$1"
      elif command -v wget >/dev/null; then
        wget -q -O "$scratch/$1" "$directory/$1"
      else
        fail "curl or wget is needed"
      fi
      ;;
    *://*) fail "only https:// and directories are read: $directory" ;;
    *) cp "$directory/$1" "$scratch/$1" ;;
  esac || fail "cannot get $directory/$1"
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

archive=bpctl-$version-$target
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fetch SHA256SUMS
expected=$(awk -v name="$archive.tar.gz" '$2 == name || $2 == "*" name { print $1 }' "$scratch/SHA256SUMS")
[ -n "$expected" ] || fail "SHA256SUMS does not list $archive.tar.gz"
fetch "$archive.tar.gz"
actual=$(sha256 "$scratch/$archive.tar.gz")
[ "$actual" = "$expected" ] || fail "wrong checksum of $archive.tar.gz: $actual instead of $expected; nothing was installed"

tar -xzf "$scratch/$archive.tar.gz" -C "$scratch"
"$scratch/$archive/bin/bpctl" --version >/dev/null || fail "the binary does not run on this machine; try --static"
mkdir -p "$prefix/bin" "$prefix/share"
cp -R "$scratch/$archive/share/." "$prefix/share/"
# A running bpctl keeps its file.
cp "$scratch/$archive/bin/bpctl" "$prefix/bin/.bpctl.new"
mv -f "$prefix/bin/.bpctl.new" "$prefix/bin/bpctl"
echo "installed $("$prefix/bin/bpctl" --version) in $prefix/bin"
case :$PATH: in *:"$prefix/bin":*) ;; *) echo "add it to PATH: export PATH=\"$prefix/bin:\$PATH\"" ;; esac
