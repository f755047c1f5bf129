#!/bin/sh
# Install Chromium and Chinese type for the browser tests, where we may; otherwise say how.
packages="chromium fonts-noto-cjk"
has() { command -v "$1" >/dev/null 2>&1; }
if { has chromium || has chromium-browser || has google-chrome; } && has fc-list && [ -n "$(fc-list :lang=zh)" ]; then
    exit 0
fi
if ! has apt-get; then
    echo "Browser tests need Chromium and a Chinese font; without them they skip."
elif [ "$(id -u)" = 0 ]; then
    as_root=""
elif has sudo && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Browser tests skip here. To run them: sudo apt-get install $packages"
    exit 0
fi
[ "${as_root-none}" = none ] && exit 0
echo "Installing $packages for the browser tests (once) …"
export DEBIAN_FRONTEND=noninteractive
{ $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $packages; } >/dev/null ||
    echo "They could not be installed; browser tests skip. To try again: $as_root apt-get install $packages"
exit 0
