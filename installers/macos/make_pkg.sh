#!/bin/sh
# Makes an installer package for fleets of Macs: make_pkg.sh WHEELHOUSE [IDENTITY]
#
# WHEELHOUSE is a folder with the wheel of Sidelight and everything it needs (docs/install.md says
# how to fill it); IDENTITY is the "Developer ID Installer" to sign with. The package carries that
# folder and the installer's files; on each Mac a Python 3.11 or newer must be there already.
#
# Never executed by this project's own tests: pkgbuild exists on macOS only.
set -eu

wheelhouse=$1
identity=${2:-}
root=$(cd -- "$(dirname -- "$0")/../.." && pwd)
wheel=$(find "$wheelhouse" -name 'sidelight-*.whl' | head -n 1)
[ -n "$wheel" ] || { echo "there is no wheel of Sidelight in $wheelhouse" >&2; exit 2; }
version=$(basename "$wheel" | cut -d - -f 2)

staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
payload=$staged/payload/opt/sidelight/installer
mkdir -p "$payload/installers" "$payload/wheelhouse" "$staged/scripts"
cp -R "$root/requirements" "$payload/"
cp "$root"/installers/*.py "$payload/installers/"
cp "$wheelhouse"/*.whl "$payload/wheelhouse/"

cat > "$staged/scripts/postinstall" <<'POSTINSTALL'
#!/bin/sh
set -eu
here=/opt/sidelight/installer
for python in /usr/local/bin/python3 /opt/homebrew/bin/python3 \
    /Library/Frameworks/Python.framework/Versions/Current/bin/python3; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" "$here/installers/install.py" --everybody --autostart --no-uv \
            --wheel "$here"/wheelhouse/sidelight-*.whl --wheelhouse "$here/wheelhouse"
    fi
done
echo "Sidelight needs Python 3.11 or newer" >&2
exit 1
POSTINSTALL
chmod 755 "$staged/scripts/postinstall"

set -- --root "$staged/payload" --scripts "$staged/scripts" \
    --identifier dev.sidelight.pkg --version "$version" --ownership recommended
[ -z "$identity" ] || set -- "$@" --sign "$identity"
pkgbuild "$@" "sidelight-$version.pkg"
