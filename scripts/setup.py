"""Fetch libtorch for umwelt: `python3 scripts/setup.py [cpu|cuda]`.

libtorch is part of PyTorch's wheels. Pip downloads the wheels and checks their hashes, but installs
no Python package. The libraries are unpacked once per machine, into $XDG_CACHE_HOME/umwelt. The link
`.libtorch` in this checkout points to them, and `.cargo/config.toml` points the build to that link.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TORCH = "torch==2.13.0"
# libtorch_cpu.so is linked against both.
CUDA_STUBS = ["nvidia-cuda-runtime==13.0.*", "nvidia-cuda-cupti==13.0.*"]
CPU_LIBRARIES = ("libtorch_cpu.", "libc10.", "libgomp", "libshm.", "libtorch_global_deps.")
CHECKOUT = Path(__file__).resolve().parent.parent


def platform_tags():
    """The wheel tags this machine accepts, newest first."""
    system, machine = platform.system(), platform.machine()
    if system == "Linux":
        return [f"manylinux_2_{minor}_{machine}" for minor in range(28, 16, -1)] + [f"manylinux2014_{machine}"]
    if system == "Darwin":
        return ["macosx_14_0_arm64", "macosx_11_0_arm64"]
    sys.exit(f"setup: {system} is not supported; umwelt builds on Linux and macOS")


def download(requirements, folder, with_dependencies):
    """Let pip fetch and hash-check wheels into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--only-binary=:all:", "--python-version", "3.11"]
    command += ["--disable-pip-version-check", "--no-cache-dir", "--dest", str(folder)]
    command += [] if with_dependencies else ["--no-deps"]
    for tag in platform_tags():
        command += ["--platform", tag]
    if subprocess.run(command + requirements).returncode != 0:
        sys.exit(
            f"setup: pip could not download {' '.join(requirements)}\n"
            "  - no pip: install it (Debian: apt install python3-pip)\n"
            "  - no network or index: pip's usual settings apply (PIP_INDEX_URL, PIP_PROXY); then run `make setup` again\n"
            f"  - no room: 3 GiB are needed in {folder.parent} for the CPU flavour, 12 GiB for CUDA"
        )


def wanted(name, flavour):
    """True if a member of a wheel is a header or library of libtorch and not a part of Python."""
    if name.startswith("nvidia/"):
        return "/lib/" in name or "/bin/" in name
    if name.startswith("torch/include/") or name == "torch/version.py":
        return True
    if not name.startswith("torch/lib/"):
        return False
    library = name.removeprefix("torch/lib/")
    if flavour == "cpu" and platform.system() == "Linux":
        return library.startswith(CPU_LIBRARIES)
    return library.startswith("lib") and "python" not in library


def unpack(wheel, folder, flavour):
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if wanted(member.filename, flavour):
                archive.extract(member, folder)


def link_cpu_only(lib):
    """Replace libtorch.so, since that of the wheel needs libtorch_cuda."""
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-shared", "-o", "libtorch.so", "-Wl,-soname,libtorch.so", "-Wl,--no-as-needed"]
    command += ["-L.", "-ltorch_cpu", "-lc10", "-Wl,-rpath,$ORIGIN", "-Wl,--allow-shlib-undefined"]
    try:
        subprocess.run(command, cwd=lib, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(f"setup: {compiler} could not link libtorch.so ({error}); install a C++ compiler (Debian: apt install g++)")


def install(flavour, home):
    """Download and unpack under a temporary name, then rename, so that `home` is always complete."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="setup-", dir=home.parent) as scratch:
        wheels, root = Path(scratch, "wheels"), Path(scratch, "root")
        if flavour == "cuda":
            download([TORCH], wheels, with_dependencies=True)
        else:
            download([TORCH] + (CUDA_STUBS if platform.system() == "Linux" else []), wheels, with_dependencies=False)
        for wheel in sorted(wheels.glob("*.whl")):
            if wheel.name.startswith(("torch-", "nvidia_")):
                print(f"setup: unpacking {wheel.name}", flush=True)
                unpack(wheel, root, flavour)
        if flavour == "cpu" and platform.system() == "Linux":
            link_cpu_only(root / "torch" / "lib")
        try:
            root.rename(home)
        except OSError:
            if not (home / "torch").is_dir():  # another checkout may have finished first
                raise


def point(link, target):
    """Make `link` a symbolic link to `target`, in place of an older one."""
    if link.is_symlink() or link.is_file():
        if link.is_symlink() and Path(os.readlink(link)) == target:
            return  # the link stays as it is, so that cargo does not rebuild
        link.unlink()
    elif link.is_dir():
        shutil.rmtree(link)
    link.symlink_to(target)


def main():
    flavour = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    if flavour not in ("cpu", "cuda"):
        sys.exit(f"setup: unknown device '{flavour}'; choose cpu or cuda, as in `make setup DEVICE=cuda`")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = cache / "umwelt" / f"{TORCH.replace('==', '-')}-{flavour}"
    if not home.is_dir():
        print(f"setup: fetching libtorch ({TORCH}, {flavour}) into {home}, once for this machine", flush=True)
        install(flavour, home)
    point(CHECKOUT / ".libtorch", home / "torch")
    print(f"setup: .libtorch -> {home / 'torch'}")


if __name__ == "__main__":
    main()
