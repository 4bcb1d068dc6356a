"""A folder with everything there is to draw, its dashboard, and Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, sync_playwright
from seqtoolkit_dashboard.app import create_app
from waitress.server import create_server

from tests.core.number_runs import series_run
from tests.dashboard.browser.visits import Visit
from tests.dashboard.comparison_folders import write_comparison
from tests.dashboard.data_folders import series_data, write_data
from tests.dashboard.quality_folders import (
    confusion_record,
    forecast_examples,
    forecast_records,
    quality_records,
    text_examples,
    write_records,
)
from tests.dashboard.retention_folders import (
    findings,
    log_horizons,
    protocol_records,
    write_findings,
    write_probe,
)
from tests.dashboard.run_folders import CREATED, write_checkpoint, write_demo, write_run

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("browser") / "runs"
    folders = write_demo(root)
    six = write_run(root, "six-lstm", "lstm", task="six", created=CREATED - 5000)
    write_probe(six, *protocol_records("lstm"))
    write_probe(six, *protocol_records("rnn"), checkpoint="step-500", step=500)
    write_findings(six, *findings())
    write_data(six, series_data())
    worst = [replace(one, index=1, settings={"split": "val", "step": 23}) for one in forecast_examples()[:1]]
    write_records(six, *forecast_records(0.1), *worst, *forecast_examples()[1:])
    series_run(six.path, "lstm")
    for arch in ("lstm", "gru"):
        write_records(folders[arch], *quality_records(0.1), confusion_record(), *text_examples())
    write_comparison(root, "compared")
    log_horizons(six, 90)
    six.close()
    for arch in ("attention", "lstm"):
        write_checkpoint(root / f"recall-{arch}" / "checkpoints" / "best.ckpt", arch)
    for attention in ("none", "additive"):
        name = attention.replace("none", "plain")
        path = root / f"pairs-{name}" / "checkpoints" / "best.ckpt"
        write_checkpoint(path, "gru", encoder="lstm", attention=attention)
    yield root
    folders["live"].close()


@pytest.fixture(scope="module")
def address(runs_dir: Path) -> Iterator[str]:
    server = create_server(create_app(runs_dir).server, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(server.close)  # in the thread of its loop
    thread.join(10)
    server.task_dispatcher.shutdown()


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[BrowserContext]:
    """Start Chromium once, so that its cache keeps the scripts between tests; it ends before the server does."""
    if not CHROMIUM.exists():
        pytest.fail(f"the browser tests need {CHROMIUM}: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium.new_context(reduced_motion="reduce")
        chromium.close()


@pytest.fixture
def visit(browser: BrowserContext, address: str) -> Iterator[Visit]:
    one = Visit(browser, address)
    yield one
    one.close()
