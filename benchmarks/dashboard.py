"""How fast the dashboard opens with 200 runs: from starting its process, and from opening its page.

Each repeat starts a new server, fetches over HTTP what a browser fetches to show the Runs page (all but the
scripts), and opens the page in Debian's Chromium with an empty cache. The browser itself notes, from the start of
the navigation, when it has painted a frame with the first row of the list (which the server writes into the first
response), and one with the first row of the table that can be sorted and filtered, for which all scripts have run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

import machine

from seqtoolkit.run_folder import RunFolder

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SHOW = {
    "output": "content.children",
    "outputs": {"id": "content", "property": "children"},
    "inputs": [{"id": "url", "property": "pathname", "value": "/"}],
    "state": [{"id": "url", "property": "search", "value": ""}],
    "changedPropIds": ["url.pathname"],
}
NOTE_FRAMES = """
window.noted = {};
new PerformanceObserver(list => { window.noted.row = list.getEntries()[0].renderTime; }).observe({type: 'element'});
const look = () => {
    if (!document.querySelector('#content .ag-root [row-id]')) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => { window.noted.table = performance.now(); }));
};
requestAnimationFrame(look);
"""  # the first row says by `elementtiming` when it is painted; a task set in a frame runs after that has been


def main() -> None:
    """Measure, and print medians."""
    parser = machine.parser(__doc__)
    parser.add_argument("--folders", type=int, default=200, help="run folders to list")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_runs(Path(folder), options.folders)
        turns = [measure(Path(folder)) for _ in range(options.repeats)]
    rows = [
        (name, f"{median(times):.2f}", f"{min(times):.2f} to {max(times):.2f}")
        for name, times in ((name, [turn[name] for turn in turns]) for name in turns[0])
    ]
    print(machine.markdown(("step", "seconds", "range"), rows))
    print(f"\nMedians of {options.repeats} with {options.folders} run folders. {machine.describe()}")


def measure(root: Path) -> dict[str, float]:
    """Start a server once and time each step."""
    with served(root) as (address, start):
        first, again = (timed(lambda: open_over_http(address)) for _ in range(2))
        steps = {"process start to listening": start, "first page over HTTP": first}
        steps |= {"both": start + first, "the page once more": again}
        if CHROMIUM.exists():
            steps |= in_chromium(address)
        return steps


def write_runs(root: Path, count: int) -> None:
    """Write finished runs of four architectures."""
    metrics = {
        "val/loss": 0.4,
        "test/loss": 0.42,
        "test/per": 0.09,
        "test/wer": 0.4,
        "train/steps_per_second": 40.0,
    }
    for i in range(count):
        run = RunFolder(root / f"run-{i:03}")
        run.open(create=True)
        facts = {"status": "finished", "arch": ("rnn", "lstm", "gru", "attention")[i % 4], "task": "g2p"}
        plugin = {"plugin": "seqtoolkit 0.1.0", "parameters": 620_000 + i, "seed": i, "step": 4000}
        run.update(**facts, **plugin, created=1.79e9 + i, metrics=metrics)
        run.close()


@contextmanager
def served(root: Path) -> Iterator[tuple[str, float]]:
    """Run the command and yield its address, and how long it took to listen."""
    command = [sys.executable, "-m", "seqtoolkit", "dashboard", str(root), "--port", "0"]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - start
        try:
            yield "http://127.0.0.1:" + line.partition("http://127.0.0.1:")[2].split()[0], seconds
        finally:
            process.terminate()


def open_over_http(address: str) -> None:
    """Fetch what the browser fetches to show the Runs page."""
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        urlopen(address + path).read()
    headers = {"Content-Type": "application/json"}
    page = urlopen(Request(f"{address}/_dash-update-component", json.dumps(SHOW).encode(), headers)).read()
    assert b"run-000" in page


def in_chromium(address: str) -> dict[str, float]:
    """Time from navigation to the first row, and to the sortable table, in a browser that has never been here."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page()
        page.add_init_script(NOTE_FRAMES)
        page.goto(address)
        while "table" not in (noted := page.evaluate("window.noted")):
            page.wait_for_timeout(50)
        browser.close()
    return {
        "Chromium, empty cache: first row visible": noted["row"] / 1000,
        "Chromium, empty cache: sortable table there": noted["table"] / 1000,
    }


def timed(work: Callable[[], None]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
