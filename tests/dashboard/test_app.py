"""The application over HTTP: layouts, callbacks, and what must never be served or answered."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from seqtoolkit_dashboard import ids
from seqtoolkit_dashboard.app import PAGES, create_app

from seqtoolkit.run_folder import RunFolder
from tests.dashboard.client import call, callbacks, page, texts
from tests.dashboard.comparison_folders import write_comparison
from tests.dashboard.quality_folders import confusion_record, quality_records, write_records
from tests.dashboard.run_folders import write_run

PATHS = [page.path for page in PAGES]


def found_ids(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in found_ids(item)]
    if not isinstance(node, dict):
        return []
    own = [node["props"]["id"]] if "type" in node and "id" in node.get("props", {}) else []
    return own + [name for item in node.values() for name in found_ids(item)]


def shell(app: Dash) -> Any:
    return app.server.test_client().get("/_dash-layout").get_json()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "search",
    [
        "",
        "?run=recall-lstm&run=gone&layer=3&text=abc&metric=none&measure=x&row=9&beams=0&other=gone&unit=9&axes=one",
    ],
)
def test_ids_are_unique_on_every_page(app: Dash, path: str, search: str) -> None:
    counts = Counter(found_ids(shell(app)) + found_ids(page(app, path, search)))
    assert {name: count for name, count in counts.items() if count > 1} == {}
    assert set(counts) <= {value for name, value in vars(ids).items() if name.isupper()}


def test_every_callback_names_components_that_exist(app: Dash) -> None:
    drawn = call(app, ids.TRAINING_GRAPH, "url.search", url__search="", scheme__data="light")
    placed = found_ids(shell(app)) + [name for path in PATHS for name in found_ids(page(app, path))]
    placed += found_ids(drawn)
    used = {item["id"] for entry in callbacks(app) for item in [*entry["inputs"], *entry["state"]]}
    maps = {name for name in used if name.startswith("{")}  # there are as many as a model has heads or gates
    assert maps == {f'{{"kind":"{kind}-map","name":["ALL"]}}' for kind in ("alignment", "gates")}
    assert used - maps <= set(placed)


def test_two_applications_share_nothing(tmp_path: Path) -> None:
    apps = []
    for name in ("one", "two"):
        write_run(tmp_path / name, f"only-{name}").close()
        apps.append(create_app(tmp_path / name))
    assert "only-one" in texts(page(apps[0], "/"))
    assert "only-one" not in texts(page(apps[1], "/"))


def test_an_empty_folder_says_how_to_make_a_run(tmp_path: Path) -> None:
    app = create_app(tmp_path)
    assert any("seqtoolkit fit --config" in text for text in texts(page(app, "/")))
    for name in (
        ids.TRAINING_GRAPH,
        ids.MEMORY_GRAPH,
        ids.LENGTH_GRAPH,
        ids.ATTENTION_RESULT,
        ids.ALIGNMENT_RESULT,
        ids.GATES_RESULT,
        ids.DATA_RESULT,
        ids.QUALITY_RESULT,
        ids.COMPARE_RESULT,
    ):
        drawn = call(app, name, "url.search", url__search="", scheme__data="light")
        assert any("o run" in text or text.startswith("No ") for text in texts(drawn))


def test_training_draws_the_runs_of_the_url(app: Dash) -> None:
    search = "?run=recall-lstm&run=recall-gru&metric=val%2Floss&y=log"
    drawn = call(app, ids.TRAINING_GRAPH, "url.search", url__search=search, scheme__data="dark")
    figure = drawn[ids.TRAINING_GRAPH]["figure"]
    assert [trace["name"] for trace in figure["data"]] == ["recall-lstm", "recall-gru"]
    assert figure["layout"]["yaxis"]["type"] == "log"


def test_memory_states_n_interval_and_censoring(app: Dash) -> None:
    drawn = call(app, ids.MEMORY_GRAPH, "url.search", url__search="", scheme__data="light")
    shown = texts(drawn[ids.MEMORY_TABLE])
    assert {"recall-rnn", "recall-attention", "≥ 128", "8", "4 to 12", "400"} <= set(shown)


@pytest.mark.parametrize("output", [ids.TRAINING_GRAPH, ids.MEMORY_GRAPH, ids.LENGTH_GRAPH])
def test_what_the_url_names_and_is_not_there_is_reported(app: Dash, output: str) -> None:
    search = "?run=..%2F..%2Fetc&run=recall-gru&metric=no/such"
    drawn = call(app, output, "url.search", url__search=search, scheme__data="light")
    assert any("No run named '../../etc' is in this folder" in text for text in texts(drawn))


def test_a_tick_draws_only_what_has_changed(app: Dash, runs_dir: Path) -> None:
    given = {"url__search": "?run=recall-rnn", "scheme__data": "light"}
    assert (
        call(app, ids.TRAINING_CHANGED, "tick.n_intervals", **given) is None
    )  # the first figure is on its way
    first = call(app, ids.TRAINING_GRAPH, "url.search", **given)
    given["training_seen__data"] = first[ids.TRAINING_SEEN]["data"]
    assert call(app, ids.TRAINING_CHANGED, "tick.n_intervals", **given) is None
    with (runs_dir / "recall-rnn" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 9000, "val/loss": 0.2}\n')
    asked = call(app, ids.TRAINING_CHANGED, "tick.n_intervals", **given)[ids.TRAINING_CHANGED]["data"]
    assert call(app, ids.TRAINING_CHANGED, "tick.n_intervals", **given, training_changed__data=asked) is None
    sent = call(app, ids.TRAINING_GRAPH, "training-changed.data", **given)[ids.TRAINING_GRAPH]["figure"]
    assert [operation["location"] for operation in sent["operations"]] == [
        ["data"]
    ]  # the layout has the zoom


def test_a_torn_probe_is_reported_and_the_others_are_drawn(app: Dash, runs_dir: Path) -> None:
    (runs_dir / "recall-rnn" / "probes" / "best" / "retention.json").write_text("{")
    drawn = call(app, ids.MEMORY_GRAPH, "url.search", url__search="", scheme__data="light")
    assert any("recall-rnn: " in text and "not valid JSON" in text for text in texts(drawn[ids.MEMORY_NOTES]))
    assert "recall-gru" in texts(drawn[ids.MEMORY_TABLE])


@pytest.mark.parametrize(
    ("before", "ticked", "after"),
    [
        (
            "?run=recall-lstm&run=recall-gru",
            ["recall-gru", "recall-lstm"],
            None,
        ),  # the order of the URL stays
        (
            "?run=recall-lstm&run=gone",
            ["recall-lstm"],
            None,
        ),  # as the grid loads: what is unknown stays reported
        ("?run=recall-lstm&run=gone", ["recall-gru", "recall-lstm"], "?run=recall-lstm&run=recall-gru"),
        ("?run=recall-lstm", [], ""),
    ],
)
def test_ticks_are_the_selection(app: Dash, before: str, ticked: list[str], after: str | None) -> None:
    written = next(c["output"] for c in callbacks(app) if c["inputs"][-1]["id"] == ids.RUNS_GRID)
    rows = [{"id": name} for name in ticked]
    result = call(app, written, "runs-grid.selectedRows", url__search=before, runs_grid__selectedRows=rows)
    assert (result and result["url"]["search"]) == after


def test_security_headers_on_every_response(app: Dash) -> None:
    client = app.server.test_client()
    for path in ["/", "/memory", "/_dash-layout", "/assets/dashboard.css", "/assets/none"]:
        with client.get(path) as response:
            headers = response.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-eval'" not in policy
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_the_page_has_a_language_and_loads_only_from_here(app: Dash) -> None:
    html = app.server.test_client().get("/").get_data(as_text=True)
    assert '<html lang="en">' in html
    assert "http://" not in html
    assert "https://" not in html


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:9999", "localhost.evil.example", "10.0.0.1", ""])
def test_other_hosts_are_refused(app: Dash, host: str) -> None:
    client = app.server.test_client()
    assert client.get("/", headers={"Host": host}).status_code in (400, 403)
    assert client.get("/", headers={"Host": "127.0.0.1"}).status_code == 200  # port 80 here


def test_other_origins_are_refused(app: Dash) -> None:
    client = app.server.test_client()
    response = client.post("/_dash-update-component", json={}, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../../../etc/passwd", "/assets/%2e%2e/%2e%2e/app.py", "/assets//etc/passwd",
        "/_dash-component-suites/dash/../../../../etc/passwd", "/_dash-component-suites/os/path.py",
        "/recall-lstm/run.json", "/runs/recall-lstm/checkpoints/best.ckpt", "/..%2f..%2fetc%2fpasswd",
    ],
)  # fmt: skip
def test_no_file_is_served_but_our_own(app: Dash, path: str) -> None:
    response = app.server.test_client().get(path)
    body = response.get_data(as_text=True)
    assert "root:" not in body
    assert "create_app" not in body
    assert "schema" not in body


def test_large_requests_are_refused(app: Dash) -> None:
    response = app.server.test_client().post("/_dash-update-component", json={"x": "y" * (1 << 21)})
    assert response.status_code == 413


def test_stored_results_are_drawn_without_torch(runs_dir: Path) -> None:
    write_comparison(runs_dir, "compared")
    write_records(RunFolder(runs_dir / "recall-lstm"), *quality_records(0.1), confusion_record())
    code = """
import sys
from pathlib import Path
from seqtoolkit_dashboard.app import PAGES, create_app
from tests.dashboard.client import call, page, texts
app = create_app(Path(sys.argv[1]))
for one in PAGES:
    page(app, one.path)
given = {"url__search": "", "scheme__data": "light"}
graphs = [f"{name}-graph" for name in ("training", "memory", "length", "forming")]
names = [*graphs, "data-result", "quality-result", "compare-result"]
drawn = [call(app, name, "url.search", **given) for name in names]
assert "Use lstm" in texts(drawn) and "Accuracy (share)" in texts(drawn) and "Classes" in texts(drawn), texts(drawn)
assert "recall-lstm" in texts(drawn), texts(drawn)
print(sorted({"torch", "lightning", "pandas"} & set(sys.modules)))
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(runs_dir)], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[]\n", done.stderr
