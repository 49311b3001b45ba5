"""The times of pages, which `pytest -s tests/web/test_speed.py` prints.

Each is the time from the arrival of data to the first frame that shows it. The limits are ten times
the goals, so that a busy machine passes and a page that has become slow by its kind does not.
"""

import base64
import json
import math
import time
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from conftest import wait_until
from test_digits import SEVEN, add, draw
from test_pages import finished

# Runs and logged numbers of the page of 24 charts.
RUNS, KEYS, LINES = 10, 24, 1000
# The rows of the table's window.
ROWS = 200
# The server looks for changes so often, in milliseconds.
POLL = 300

# Keeps the time of each frame in which another number of rows, of charts or another value was seen.
WATCH = """
window.frames_seen = [];
const seen = () => [
  document.querySelectorAll("tbody tr[data-row]").length,
  document.querySelectorAll(".plot canvas").length,
  document.querySelector(".values td.number")?.textContent ?? "",
];
const look = () => {
  const [now, last] = [seen(), window.frames_seen.at(-1)];
  if (!last || now.some((value, index) => value !== last.seen[index])) {
    window.frames_seen.push({ at: performance.now(), wall: Date.now(), seen: now });
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""

# Keeps the time at which the page is ready, and those from a move of the pen to the first frame that
# shows what the agents answer.
GUESSES = """
window.guesses = [];
let pen = null;
addEventListener("pointermove", () => { pen ??= performance.now(); }, true);
const inCard = ({ target }) => (target.closest ? target : target.parentElement)?.closest(".card");
new MutationObserver((changes) => {
  if (document.querySelector("[data-ready]")) window.ready ??= performance.now();
  if (pen === null || !changes.some(inCard)) return;
  const began = pen;
  pen = null;
  requestAnimationFrame(() => window.guesses.push(performance.now() - began));
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""

# Holds the answers of all charts back until the last is there, so that the time is the page's own.
HOLD = """
const [send, bodies, told] = [window.fetch, new Map(), []];
window.fetch = async (address, ...options) => {
  const answer = await send(address, ...options);
  if (!String(address).includes("/api/series")) return answer;
  const body = await answer.text();
  bodies.set(String(address), body);
  if (bodies.size < CHARTS) await new Promise((tell) => told.push(tell));
  window.released ??= performance.now();
  told.splice(0).forEach((tell) => tell());
  return new Response(body, answer);
};
""".replace("CHARTS", str(KEYS))


def line(step, **others):
    wave = lambda key: math.sin((step + 1) * (key + 1) / 300)
    numbers = {f"number_{key:02}": round(wave(key), 6) for key in range(KEYS)}
    return json.dumps({"step": step, **numbers, **others}) + "\n"


@pytest.fixture(scope="module")
def many(work, tmp_path_factory):
    """A folder with copies of a finished run."""
    folder = tmp_path_factory.mktemp("many")
    source = work / "runs" / finished(work)[0]
    log = "".join(map(line, range(LINES)))
    for number in range(ROWS + 20):
        run = folder / "runs" / f"run-{number:03}"
        run.mkdir(parents=True)
        for name in ["settings.yaml", "status.json", "evaluation.json"]:
            (run / name).write_bytes((source / name).read_bytes())
        (run / "metrics.jsonl").write_text(log if number < RUNS else line(0))
    return folder


@pytest.fixture
def visitor(visit, serve, many):
    visitor = visit(at=serve(many))
    visitor.page.add_init_script(WATCH)
    visitor.page.set_viewport_size({"width": 1280, "height": 12_000})
    return visitor


def held(page, goal, what, milliseconds):
    print(f"\n{what:<50} {milliseconds:8.1f} ms (goal {goal})", end="")
    assert milliseconds < 10 * goal, what


def arrival(page, path):
    """The time at which the first answer of this path had arrived."""
    answers = "performance.getEntriesByType('resource').filter((one) => one.name.includes(path))"
    return page.evaluate(f"(path) => Math.min(...{answers}.map((one) => one.responseEnd))", path)


def first_frame(page, index, value):
    """The time of the first frame in which the watched number at `index` had this value."""
    found = "(index_value) => window.frames_seen.find(({ seen }) => seen[index_value[0]] === index_value[1])?.at"
    wait_until(lambda: page.evaluate(found, [index, value]) is not None)
    return page.evaluate(found, [index, value])


def test_a_table_is_drawn(visitor):
    page = visitor.go("/?sort=name")
    held(page, 100, f"a table of {ROWS} rows", first_frame(page, 0, ROWS) - arrival(page, "/api/runs"))


def test_many_charts_are_drawn(visitor):
    visitor.page.add_init_script(HOLD)
    names = "&".join(f"run=run-{number:03}" for number in range(RUNS))
    page = visitor.go(f"/compare?{names}&find=number")
    drawn = first_frame(page, 1, KEYS) - page.evaluate("window.released")
    held(page, 400, f"{KEYS} charts of {RUNS} lines of {LINES} points", drawn)


def test_a_new_line_is_drawn(visitor, many):
    page = visitor.go("/run?name=run-000&find=number_00")
    expect(page.locator(".plot canvas")).to_have_count(1)
    shown = lambda: page.evaluate("window.frames_seen.at(-1).seen[2]")
    before, written = shown(), time.time()
    with open(many / "runs/run-000/metrics.jsonl", "a") as log:
        log.write(line(LINES, number_00=7))
    wait_until(lambda: shown() != before)
    drawn = page.evaluate("window.frames_seen.at(-1).wall") - 1000 * written
    held(page, POLL + 300, f"a new line, looked for every {POLL} ms", drawn)


def test_three_agents_guess_while_one_draws(visit, serve, tmp_path):
    (tmp_path / "runs").mkdir()
    visitor = visit(at=serve(tmp_path))
    visitor.page.add_init_script(GUESSES)
    page = visitor.go("/digits")
    page.wait_for_selector("[data-ready]")
    held(page, 1000, "the page of digits until it is ready", page.evaluate("window.ready"))
    for count, kind in enumerate(["wisard", "ao", "dwn"]):
        add(page, kind, count=count + 1)
    page.get_by_test_id("source").select_option("fonts")
    page.get_by_test_id("count").fill("60")
    page.get_by_test_id("train").click()
    learnt = page.locator(".card", has_text="60 learnt")
    expect(learnt).to_have_count(3)
    draw(page, SEVEN)
    box = page.get_by_test_id("canvas").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.wait_for_timeout(500)
    page.evaluate("window.guesses.length = 0")
    for move in range(1, 16):
        page.mouse.move(box["x"] + 60 + 8 * move, box["y"] + 60)
        wait_until(lambda: page.evaluate("window.guesses.length") == move)
        # More than the time between two guesses.
        page.wait_for_timeout(150)
    page.mouse.up()
    held(page, 20, "a guess of three agents", sorted(page.evaluate("window.guesses"))[7])
    address = page.url
    cookies = [f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies()]
    headers = {
        "content-type": "application/json",
        "cookie": "; ".join(cookies),
        "origin": urljoin(address, "/").rstrip("/"),
        "x-umwelt-token": page.locator("meta[name=umwelt-word]").get_attribute("content"),
    }
    page.goto("about:blank")
    held(page, 2, "a lesson, until it is on the disk and answered", lesson(address, headers))


def lesson(page, headers):
    """The median time in which a WiSARD is taught a digit, from the request to the answer."""
    ask = lambda path, body=None: urlopen(Request(urljoin(page, f"/api/digits/{path}"), body, headers))
    agents = json.load(ask("state"))["agents"]
    agent = next(agent["id"] for agent in agents if agent["kind"] == "wisard")
    times = []
    for number in range(40):
        ink = lambda at: 255 if at % 28 in (12, 13, 14) and 4 < at // 28 < 8 + number % 16 else 0
        digit = base64.b64encode(bytes(map(ink, range(784)))).decode()
        body = json.dumps({"drawing": {"digit": digit}, "label": number % 10}).encode()
        began = time.perf_counter()
        ask(f"agents/{agent}/learn", body).read()
        times.append(1000 * (time.perf_counter() - began))
    return sorted(times)[20]
