#!/usr/bin/env bash
# Makes the packages of venus-agent, venus-center and venusctl in dist/: .deb and .rpm, their debug symbols, SHA256SUMS
# and what they are made of (SPDX).
#
#   packaging/build.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly build=build/release packages=build/release/packages
readonly jobs=${JOBS:-$(nproc)}

main() {
    ./packaging/install-deps.sh build packaging
    # Times in the packages are the commit's: the same tree makes the same packages.
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
    export SOURCE_DATE_EPOCH
    quietly cmake --preset release
    quietly cmake --build --preset release -j "$jobs" --target venus-agent venus-center venusctl manuals
    rm -rf "$packages" dist
    umask 022
    quietly env -C "$build" cpack
    local symbols
    mkdir dist
    find "$packages" -maxdepth 1 -name '*.deb' -exec mv -t dist {} +
    for symbols in "$packages"/*.ddeb; do finish_symbols "$symbols"; done
    find "$packages" -maxdepth 1 -name '*.rpm' -exec mv -t dist {} +
    /usr/bin/python3 packaging/sbom --build "$build" --into dist
    (cd dist && sha256sum -- * >../"$build"/SHA256SUMS && mv ../"$build"/SHA256SUMS .)
    ls -l dist
}

# CPack 3.25 writes the build's paths into the md5sums of a package of symbols, gives it no documentation, and names it
# as apt does not know it.
finish_symbols() {
    local -r folder=$build/symbols
    local name program
    name=$(basename "$1" .ddeb)
    program=${name%-dbgsym_*}
    rm -rf "$folder"
    dpkg-deb -R "$1" "$folder"
    mkdir -p "$folder/usr/share/doc"
    ln -s "$program" "$folder/usr/share/doc/$program-dbgsym"
    (cd "$folder" && find usr -type f -exec md5sum {} + >DEBIAN/md5sums)
    chmod 644 "$folder/DEBIAN/md5sums"
    find "$folder" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -b "$folder" "dist/$name.deb" >/dev/null
    rm -rf "$folder"
}

quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        echo "build.sh: '$*' failed" >&2
        exit 1
    fi
    rm -f "$log"
}

main
