#!/bin/sh
# The programs that the tests run beside Node: browsers, a display for one of them, openssl, Redis. Installs what is missing
# where that is possible (Debian, as root), and says what is missing where it is not.
set -eu

missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

need openssl openssl
need certutil libnss3-tools
need tmux tmux
need zsh zsh
need fish fish
need chromium chromium
need firefox-esr firefox-esr
need WebKitWebDriver webkit2gtk-driver
need xvfb-run xvfb
need xauth xauth
need redis-server redis-server
need dbus-send dbus
need gnome-keyring-daemon gnome-keyring

[ -n "$missing" ] || exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "installing$missing" >&2
  apt-get update -qq >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
else
  echo "The tests need these Debian packages:$missing" >&2
  exit 1
fi
