#!/usr/bin/env bash
# Installs a headless Chromium for `make test-web` where there is none: Debian's, as root.
set -euo pipefail
for name in chromium-headless-shell chromium google-chrome; do
    if command -v "$name" > /dev/null; then exit 0; fi
done
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
    echo "make test-web needs Chromium: apt-get install chromium-headless-shell" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-dejavu-core > /dev/null
