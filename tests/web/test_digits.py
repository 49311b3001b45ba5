"""The page on which digits are drawn and taught."""

import re
import signal

import pytest
from playwright.sync_api import expect

from conftest import Server, wait_until


@pytest.fixture
def school(tmp_path):
    """A server over an empty folder."""
    (tmp_path / "runs").mkdir()
    server = Server(tmp_path)
    yield server
    server.stop()


def draw(page, points):
    box = page.get_by_test_id("canvas").bounding_box()
    x, y = points[0]
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


SEVEN = [(60, 60), (220, 60), (120, 240)]
ONE = [(140, 40), (140, 250)]


def answers(page):
    return page.get_by_test_id("answer").all_inner_texts()


def add(page, kind):
    page.get_by_test_id("kind").select_option(kind)
    count = page.locator(".card").count()
    page.get_by_test_id("add").click()
    expect(page.locator(".card")).to_have_count(count + 1)


@pytest.mark.parametrize("theme,size", [("light", "wide"), ("dark", "wide"), ("light", "narrow")])
def test_a_seven_is_taught_seen_and_kept_by_the_next_server(visit, school, theme, size):
    visitor = visit(theme, size, at=school)
    page = visitor.go("/digits")
    page.wait_for_selector("[data-ready]")
    visitor.check("digits, empty")
    for kind in ["wisard", "ao"]:
        add(page, kind)
    draw(page, ONE)
    page.get_by_test_id("teach-1").click()
    wait_until(lambda: answers(page) == ["1", "1"])
    page.get_by_test_id("clear").click()
    draw(page, SEVEN)
    page.get_by_test_id("teach-7").click()
    wait_until(lambda: answers(page) == ["7", "7"])
    visitor.picture(f"digits-{theme}-{size}")
    page.get_by_test_id("undo").first.click()
    wait_until(lambda: answers(page)[0] == "1")
    page.get_by_test_id("teach-7").click()
    wait_until(lambda: answers(page)[0] == "7")
    school.stop(signal.SIGKILL)
    school.start()
    again = visit(theme, size, at=school)
    page = again.go("/digits")
    page.wait_for_selector(".card")
    draw(page, SEVEN)
    wait_until(lambda: answers(page) == ["7", "7"])
    visitor.faults = [fault for fault in visitor.faults if "ERR_" not in fault and "Failed to load" not in fault]


def test_the_keyboard_draws_teaches_and_undoes(visit, school):
    visitor = visit(at=school)
    page = visitor.go("/digits")
    add(page, "wisard")
    page.get_by_test_id("canvas").focus()
    page.keyboard.down("Space")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    page.keyboard.up("Space")
    page.keyboard.press("Shift+Digit1")
    wait_until(lambda: answers(page) == ["1"])
    page.keyboard.press("Backspace")
    page.get_by_text("nothing drawn").wait_for()


def test_agents_train_and_are_tested_on_fonts_and_mistakes_are_taught(visit, school):
    visitor = visit(at=school)
    page = visitor.go("/digits")
    add(page, "wisard")
    page.get_by_test_id("source").select_option("fonts")
    page.get_by_test_id("count").fill("100")
    page.get_by_test_id("train").click()
    page.get_by_text(re.compile("100 learnt")).wait_for()
    page.get_by_test_id("count").fill("300")
    page.get_by_test_id("test").click()
    page.get_by_text(re.compile(r"\d+ of 300 right")).first.wait_for()
    page.locator("[data-test^=results] summary").click()
    visitor.picture("digits-tested")
    mistakes = page.locator(".mistakes figure")
    if mistakes.count() > 0:
        mistakes.first.get_by_role("button", name="teach").click()
        page.get_by_text(re.compile("101 learnt")).wait_for()
    page.get_by_test_id("save").click()
    page.get_by_test_id("load").wait_for()
    with page.expect_download() as download:
        page.get_by_test_id("download").click()
    page.get_by_test_id("upload").set_input_files(download.value.path())


def test_a_training_is_stopped(visit, school):
    visitor = visit(at=school)
    page = visitor.go("/digits")
    add(page, "dwn")
    page.get_by_test_id("source").select_option("fonts")
    page.get_by_test_id("count").fill("300")
    page.get_by_test_id("train").click()
    page.get_by_test_id("stop").click()
    # It ends after its slice, which is eight steps of a network.
    page.get_by_test_id("stop").wait_for(state="detached", timeout=120_000)
    page.get_by_text(re.compile("^0 learnt")).wait_for()
