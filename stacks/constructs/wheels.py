"""What the layers hold, built without Docker: wheels for Lambda's platform, and the runtime package."""

import hashlib
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uv

from stacks.constructs import archive

_PYTHON = "3.13"
_MOUNTED = "/opt/python"
_RECIPE = "1"
"""Part of every key: raised when the way of building changes, so that nothing built another way is reused."""

_KEPT = 14 * 24 * 3600

type Fill = Callable[[Path], None]


class WheelsError(RuntimeError):
    """A layer could not be built; the message has the command's own words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """A layer's zip file."""

    path: Path
    key: str
    """Of what went in; the same key means the same layer."""

    @property
    def megabytes(self) -> float:
        """Its size unzipped, which Lambda limits to 250 for all layers and the function together."""
        with zipfile.ZipFile(self.path) as zipped:
            return sum(entry.file_size for entry in zipped.infolist()) / 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """Builds layers, and keeps what it built by key in *cache*."""

    cache: Path

    def wheels(self, requirements: Path, *, platform: str) -> Built:
        """The wheels that the list *requirements* locks, for *platform*. Raises WheelsError."""
        key = _key(requirements.read_bytes(), platform.encode())
        return self._built(f"{requirements.parent.name}-{platform}", key, lambda into: _install(requirements, platform, into))

    def package(self, folder: Path) -> Built:
        """The Python package tree below *folder*, without caches."""
        contents = {path: data for path, data in archive.read(folder).items() if "__pycache__" not in path}
        key = _key(*(part for path, data in contents.items() for part in (path.encode(), data)))

        def copy(into: Path) -> None:
            for path, data in contents.items():
                (into / path).parent.mkdir(parents=True, exist_ok=True)
                (into / path).write_bytes(data)

        return self._built(folder.parent.name, key, copy)

    def _built(self, name: str, key: str, fill: Fill) -> Built:
        path = self.cache / f"{name}-{key}.zip"
        if path.exists():
            return Built(path=path, key=key)
        self.cache.mkdir(parents=True, exist_ok=True)
        (self.cache / ".gitignore").write_text("*\n")
        with tempfile.TemporaryDirectory(dir=self.cache) as scratch:
            inside = Path(scratch) / "layer"
            (inside / "python").mkdir(parents=True)
            fill(inside / "python")
            archive.compile_python(inside / "python", _MOUNTED)
            archive.write(archive.read(inside), Path(scratch) / "layer.zip")
            self._tidy()
            (Path(scratch) / "layer.zip").replace(path)
        built = Built(path=path, key=key)
        sys.stderr.write(f"built layer {name}: {built.megabytes:.1f} MB unzipped\n")
        return built

    def _tidy(self) -> None:
        """Forget what was built long ago; what is still needed is built again in seconds."""
        for old in self.cache.glob("*.zip"):
            if time.time() - old.stat().st_mtime > _KEPT:
                old.unlink(missing_ok=True)


def _key(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in (_RECIPE.encode(), _PYTHON.encode(), *parts):
        whole.update(len(part).to_bytes(8) + part)
    return whole.hexdigest()[:32]


def _install(requirements: Path, platform: str, into: Path) -> None:
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command += ["--requirement", str(requirements), "--target", str(into), "--link-mode", "copy"]
    command += ["--python", sys.executable, "--python-version", _PYTHON, "--python-platform", platform]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise WheelsError(f"the wheels of {requirements} could not be installed for {platform}:\n{done.stderr.strip()}")
