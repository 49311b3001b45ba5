"""Flows through the dashboard's pages, as a person takes them."""

import json
import re
import signal
import subprocess

import xml.etree.ElementTree as ET

import pytest
from playwright.sync_api import expect

from conftest import LOST_SERVER, REFUSED, UMWELT, wait_until

LOOKS = [("light", "wide"), ("dark", "wide"), ("light", "narrow"), ("dark", "narrow")]


def runs(work):
    return sorted(path.parent.relative_to(work / "runs").as_posix() for path in work.glob("runs/**/status.json"))


def finished(work):
    state = lambda name: json.loads((work / "runs" / name / "status.json").read_text())["state"]
    return [name for name in runs(work) if state(name) == "finished"]


@pytest.mark.parametrize("theme,size", LOOKS)
def test_every_page_in_both_themes_and_widths(visit, work, theme, size):
    visitor = visit(theme, size)
    run, other = finished(work)[:2]
    pages = {
        "runs": f"/?run={run}&run={other}",
        "groups": "/?group=seed&curve=loss",
        "run": f"/run?name={run}",
        "smoothed": f"/run?name={run}&smooth=ema:0.9&log_y=1",
        "sweep": "/sweep?name=rates",
        "compare": f"/compare?run={run}&run={other}",
        "worlds": "/worlds",
        "room": f"/worlds/dots?run={run}",
    }
    for part in ["figures", "evaluation", "settings", "log", "environment", "files", "notes"]:
        pages[part] = f"/run?name={run}&part={part}"
    for name, path in pages.items():
        visitor.go(path)
        visitor.picture(f"{name}-{theme}-{size}")
        visitor.fits()
        # Objects in results are shown as columns, not in the notation of their files.
        expect(visitor.page.locator("main td").filter(has_text="{")).to_have_count(0)
    cut = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.title)"
    lost = visit(theme, size, causes=[REFUSED])
    lost.go("/nowhere")
    lost.picture(f"missing-{theme}-{size}")
    lost.fits()
    names = visitor.go(pages["compare"]).locator(".values td[title]")
    expect(names.first).to_be_attached()
    assert names.evaluate_all(cut) == []


def test_marks_of_an_axis_are_short_and_differ(visit):
    page = visit().go("/")
    marks = lambda *values: page.evaluate("(values) => import('/web/format.js').then(({ marks }) => marks(values))", list(values))
    assert marks(0, 5e-4, 1e-3, 1.5e-3, 2e-3) == ["0", "0.0005", "0.001", "0.0015", "0.002"]
    assert marks(0, 1e7, 2.5e7) == ["0", "1e7", "2.5e7"]
    assert marks(-60000, 0, 60000.000000001) == ["-60,000", "0", "60,000"]
    assert marks(1e-5, 2e-5, 0.30000000000000004 * 1e-4) == ["1e-5", "2e-5", "3e-5"]
    assert marks(0.0001, None, 1, 100) == ["0.0001", "", "1", "100"]


def test_list_filter_group_sort_open_and_back(visit, work):
    visitor = visit(causes=[REFUSED])
    page = visitor.go("/")
    rows = page.locator("tbody tr[data-row]")
    expect(rows).to_have_count(len(runs(work)))
    page.keyboard.press("/")
    page.keyboard.type("state=finished vicreg.base_lr=0.2")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(2)
    expect(page).to_have_url(re.compile("where="))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="name", exact=True).click()
    page.wait_for_selector("th[aria-sort=ascending]")
    names = [name.removeprefix("rates/") for name in finished(work) if name.startswith("rates/base_lr=0.2,")]
    expect(rows.locator("a")).to_have_text(names)
    page.get_by_role("button", name=re.compile("^name")).click()
    page.wait_for_selector("th[aria-sort=descending]")
    expect(rows.locator("a")).to_have_text(names[::-1])
    before = page.url
    rows.first.locator("a").click()
    page.get_by_role("heading", name=f"rates/{names[-1]}").wait_for()
    page.go_back()
    expect(rows).to_have_count(2)
    expect(page).to_have_url(before)
    page.get_by_label("Filter").fill("lr!")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()


def test_the_keyboard_alone_opens_picks_and_compares(visit, work):
    visitor = visit()
    page = visitor.go("/?where=state%3Dfinished&sort=name")
    for key in "jxjx":
        page.keyboard.press(key)
    page.get_by_role("button", name="compare 2").wait_for()
    page.keyboard.press("c")
    page.get_by_role("heading", name="Settings").wait_for()
    expect(page).to_have_url(re.compile("run=.*run="))
    page.go_back()
    page.wait_for_selector("tbody tr[data-row]")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("navigation", name="parts").wait_for()
    page.wait_for_selector("[data-key=']']")
    first = page.locator("h2").first.inner_text()
    page.keyboard.press("]")
    expect(page.locator("h2").first).not_to_have_text(first)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.check("keys")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    colour = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
    before = colour()
    page.keyboard.press("t")
    wait_until(lambda: colour() != before)


def brightest(page, selector):
    """The brightest pixel of a canvas, 0 to 255."""
    return page.evaluate("""selector => {
        const canvas = document.querySelector(selector);
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const levels = [];
        for (let at = 0; at < data.length; at += 4)
            if (data[at + 3] > 200) levels.push((data[at] + data[at + 1] + data[at + 2]) / 3);
        return Math.max(0, ...levels.slice(0, 100000));
    }""", selector)


def test_a_chart_is_zoomed_and_read_and_its_axes_are_seen_in_the_dark(visit, work):
    visitor = visit("dark")
    page = visitor.go(f"/run?name={finished(work)[0]}")
    canvas = page.locator(".plot canvas").first
    canvas.wait_for()
    bright = lambda: brightest(page, ".plot canvas") > 200
    wait_until(bright, "the axes are drawn in the ink of a light page")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.locator("th", has_text=re.compile(r"^at \d")).first.wait_for()
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 100, steps=5)
    with page.expect_response(lambda answer: "api/series" in answer.url and "from=" in answer.url):
        page.mouse.up()
    expect(page).to_have_url(re.compile("start="))
    page.get_by_role("button", name="whole range").click()
    expect(page.get_by_role("button", name="whole range")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("start="))


def test_exports_are_whole_files(visit, work, tmp_path):
    visitor = visit()
    run = finished(work)[0]
    for path, kinds in [(f"/run?name={run}", ["svg", "png", "csv"]), ("/sweep?name=rates", ["svg", "png", "csv"]), ("/", ["csv"])]:
        page = visitor.go(path)
        for kind in kinds:
            with page.expect_download() as download:
                page.locator("a[download]", has_text=re.compile(f"^{kind}$")).first.click()
            file = tmp_path / f"file.{kind}"
            download.value.save_as(file)
            if kind == "svg":
                assert ET.parse(file).getroot().tag.endswith("svg")
            elif kind == "png":
                assert file.read_bytes().startswith(b"\x89PNG")
            else:
                assert file.read_text().count("\n") > 2


def test_a_sweep_shows_its_failed_runs_and_a_brush_picks_trials(visit, work):
    visitor = visit()
    page = visitor.go("/sweep?name=rates")
    expect(page.locator("ul.failed li")).to_have_count(2)
    trials = page.locator("[aria-label=trials] tbody tr")
    expect(trials).to_have_count(6)
    canvas = page.locator("[aria-label^='parallel'] canvas")
    canvas.wait_for()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    # The last axis is that of the score; its upper half holds some of the four trials.
    x = box["x"] + box["width"] - 110
    page.mouse.move(x, box["y"] + 42)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 150, steps=8)
    page.mouse.up()
    wait_until(lambda: trials.count() < 4)
    page.get_by_label("score over").select_option("seed")
    expect(page).to_have_url(re.compile("setting=seed"))


def step(page):
    """The step that the page of a run shows, once it does."""
    shown = re.compile(r"step (\d+) of")
    expect(page.locator("main")).to_have_text(shown)
    return int(shown.search(page.locator("main").text_content()).group(1))


def test_a_page_follows_a_run_while_it_trains(visit, work):
    visitor = visit()
    # A number of epochs so large that only the page ends the run.
    values = ["output_path=runs/live", "model_type=VICReg", "threads=1", "n_steps=5", "val_n_steps=5", "log_every=1",
              "dataset_size=64", "val_dataset_size=32", "dataset_batch_size=16", "vicreg.epochs=1000000000",
              "vicreg.arch=menet5", "vicreg.embedding_size=16", "probing_cfg.ridge_sequences=64"]
    training = subprocess.Popen([UMWELT, "train", "--values", *values], cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: (work / "runs/live/metrics.jsonl").exists(), seconds=120)
        page = visitor.go("/run?name=live")
        first = step(page)
        wait_until(lambda: step(page) > first, seconds=120)
        page.get_by_role("button", name="stop").click()
        page.get_by_text("live was asked to stop").wait_for()
        training.wait(timeout=120)
        page.wait_for_selector(".state-interrupted")
    finally:
        training.kill()


def test_two_tabs_see_one_note_and_a_lost_server_is_told(visit, serve, work):
    server = serve(work, "--allow-actions")
    # The server that begins anew has another token.
    visitor = visit(at=server, causes=[LOST_SERVER, REFUSED])
    page = visitor.go(f"/run?name={finished(work)[0]}&part=notes")
    page.get_by_label("Notes").fill("The first <b>good</b> run.")
    page.get_by_role("button", name="save").click()
    page.get_by_text("the notes are saved").wait_for()
    other = visitor.watched(visitor.context.new_page())
    other.goto(page.url)
    expect(other.get_by_label("Notes")).to_have_value("The first <b>good</b> run.")
    other.close()
    server.stop(signal.SIGKILL)
    state = page.get_by_role("status", name="connection")
    expect(state).to_have_text("not live")
    visitor.picture("server-gone")
    server.start()
    if "token" in server.link:
        page.goto(server.link)
    expect(state).to_have_text("live")


def test_text_of_twice_the_size_fits(visit, work):
    visitor = visit()
    visitor.page.set_viewport_size({"width": 640, "height": 400})
    for path in ["/", f"/run?name={finished(work)[0]}", "/sweep?name=rates"]:
        visitor.go(path)
        visitor.fits()
