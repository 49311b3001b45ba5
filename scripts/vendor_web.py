"""Renew the library files of the dashboard's pages: `python3 scripts/vendor_web.py`.

npm fetches the packages and checks their hashes, but installs and runs nothing. Their files go
unchanged to crates/serve/web/vendor, except that one import is written as a path, since our pages
have no import map. `versions.txt` lists each file with its package and SHA-256.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "crates" / "serve" / "web" / "vendor"
# For each package the files to keep: the path in the package, and our name for it.
PACKAGES = {
    "preact@11.2.0": {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js", "LICENSE": "preact.LICENSE"},
    "htm@3.1.1": {"dist/htm.mjs": "htm.js", "LICENSE": "htm.LICENSE"},
    # Its module is not minified, so its script is used.
    "uplot@1.6.32": {
        "dist/uPlot.iife.min.js": "uplot.js",
        "dist/uPlot.min.css": "uplot.css",
        "LICENSE": "uplot.LICENSE",
    },
    "echarts@6.1.0": {
        "dist/echarts.esm.min.mjs": "echarts.js",
        "LICENSE": "echarts.LICENSE",
        "NOTICE": "echarts.NOTICE",
    },
}


def fetch(package, folder):
    """The archive of a package, as npm has checked it."""
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"--pack-destination={folder}", package]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    return (Path(folder) / name).read_bytes()


def with_paths(name, content):
    """`content` with the import of Preact as a path."""
    if name != "hooks.js":
        return content
    changed = content.replace(b'from"preact"', b'from"./preact.js"')
    if changed == content:
        sys.exit("vendor_web: hooks.js imports Preact in another way; see how, and change this script")
    return changed


def main():
    VENDOR.mkdir(parents=True, exist_ok=True)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for package, files in PACKAGES.items():
            with tarfile.open(fileobj=io.BytesIO(fetch(package, folder))) as archive:
                for path, name in files.items():
                    content = archive.extractfile(f"package/{path}").read()
                    content = with_paths(name, content)
                    (VENDOR / name).write_bytes(content)
                    lines.append(f"{name} {package} {hashlib.sha256(content).hexdigest()}\n")
    (VENDOR / "versions.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
