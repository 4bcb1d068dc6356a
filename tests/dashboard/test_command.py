"""`seqtoolkit dashboard`: listens only here, says where, and tells what is wrong in one line."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from seqtoolkit_dashboard.command import main


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_a_missing_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "there is no folder" in line
    assert "seqtoolkit fit" in line


def test_not_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main([str(tmp_path / "file")]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_a_folder_without_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", denied)  # root may read everything
    assert main([str(tmp_path)]) == 2
    assert "(Permission denied); give a folder that you may read" in capsys.readouterr().err


def test_a_port_in_use(tmp_path: Path, taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--port", str(taken)]) == 2
    assert (
        f"port {taken} is in use, perhaps by another dashboard; choose another: --port"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("port", ["http", "-1", "65536"])
def test_no_port(tmp_path: Path, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path), "--port", port])
    assert stopped.value.code == 2
    assert "port" in capsys.readouterr().err


def test_it_serves_an_empty_folder_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    code = "import sys; from seqtoolkit_dashboard.command import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, str(tmp_path), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.partition("http://127.0.0.1:")[2].split()[0])
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, errors) == (0, "")
