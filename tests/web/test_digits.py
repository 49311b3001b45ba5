"""The page on which digits are drawn and taught."""

import re
import signal

import pytest
from playwright.sync_api import expect

from conftest import LOST_SERVER, REFUSED


@pytest.fixture
def school(tmp_path, serve):
    """A server over an empty folder."""
    (tmp_path / "runs").mkdir()
    return serve(tmp_path)


def draw(page, points):
    page.get_by_test_id("canvas").wait_for()
    box = page.get_by_test_id("canvas").bounding_box()
    x, y = points[0]
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


SEVEN = [(60, 60), (220, 60), (120, 240)]
ONE = [(140, 40), (140, 250)]


def answer(page, *expected):
    """Waits until the agents answer these digits."""
    expect(page.get_by_test_id("answer")).to_have_text(list(expected))


def add(page, kind, count=1):
    """Adds an agent, after which there are `count`."""
    page.get_by_test_id("kind").select_option(kind)
    page.get_by_test_id("add").click()
    expect(page.locator(".card")).to_have_count(count)


@pytest.mark.parametrize("theme,size", [("light", "wide"), ("dark", "wide"), ("light", "narrow")])
def test_a_seven_is_taught_seen_and_kept_by_the_next_server(visit, school, theme, size):
    visitor = visit(theme, size, at=school, causes=[LOST_SERVER, REFUSED])
    page = visitor.go("/digits")
    page.wait_for_selector("[data-ready]")
    visitor.check("digits, empty")
    add(page, "wisard")
    add(page, "ao", count=2)
    draw(page, ONE)
    page.get_by_test_id("teach-1").click()
    answer(page, "1", "1")
    page.get_by_test_id("clear").click()
    draw(page, SEVEN)
    page.get_by_test_id("teach-7").click()
    answer(page, "7", "7")
    visitor.picture(f"digits-{theme}-{size}")
    page.get_by_test_id("undo").first.click()
    answer(page, "1", "7")
    page.get_by_test_id("teach-7").click()
    answer(page, "7", "7")
    school.stop(signal.SIGKILL)
    school.start()
    again = visit(theme, size, at=school)
    page = again.go("/digits")
    page.wait_for_selector(".card")
    draw(page, SEVEN)
    answer(page, "7", "7")


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
    answer(page, "1")
    page.keyboard.press("Backspace")
    page.get_by_text("nothing drawn").wait_for()


def test_agents_train_and_are_tested_on_fonts_and_mistakes_are_taught(visit, school):
    visitor = visit(at=school)
    page = visitor.go("/digits")
    add(page, "wisard")
    page.get_by_test_id("source").select_option("fonts")
    page.get_by_test_id("held-out").check()
    page.get_by_test_id("count").fill("100")
    page.get_by_test_id("train").click()
    page.get_by_text(re.compile("100 learnt")).wait_for()
    page.get_by_test_id("count").fill("300")
    page.get_by_test_id("test").click()
    summary = page.locator("[data-test^=results] summary")
    expect(summary).to_contain_text(re.compile(r"\d+ of 300 right"))
    summary.click()
    page.get_by_text(re.compile("On the same pictures: class mean .*, nearest neighbour")).wait_for()
    visitor.picture("digits-tested")
    right = int(re.search(r"(\d+) of 300", summary.inner_text()).group(1))
    assert right < 300, "100 digits do not teach all faces that were held out"
    mistakes = page.locator(".mistakes figure")
    expect(mistakes).to_have_count(min(24, 300 - right))
    mistakes.first.get_by_role("button", name="teach").click()
    page.get_by_text(re.compile("101 learnt")).wait_for()
    page.get_by_test_id("save").click()
    page.get_by_test_id("load").wait_for()
    with page.expect_download() as download:
        page.get_by_test_id("download").click()
    page.get_by_test_id("upload").set_input_files(download.value.path())


def test_an_earlier_guess_is_seen_again(visit, school):
    visitor = visit(at=school)
    page = visitor.go("/digits")
    add(page, "wisard")
    draw(page, ONE)
    page.get_by_test_id("teach-1").click()
    answer(page, "1")
    page.get_by_test_id("clear").click()
    draw(page, SEVEN)
    page.get_by_test_id("teach-7").click()
    answer(page, "7")
    page.get_by_test_id("history").focus()
    page.keyboard.press("Home")
    page.get_by_text(re.compile(r"\d+ guesses ago")).wait_for()
    answer(page, "–")
    page.keyboard.press("End")
    answer(page, "7")


def test_only_some_classes_are_learnt(visit, school):
    visitor = visit(at=school)
    page = visitor.go("/digits")
    add(page, "ao")
    page.get_by_test_id("source").select_option("fonts")
    page.get_by_test_id("classes").fill("17")
    page.get_by_test_id("count").fill("20")
    page.get_by_test_id("train").click()
    page.get_by_text(re.compile("20 learnt")).wait_for()
    draw(page, SEVEN)
    expect(page.get_by_test_id("answer")).to_have_text(re.compile("^[17]$"))


def test_a_training_is_stopped_while_its_digits_are_drawn(visit, school):
    visitor = visit(at=school)
    page = visitor.go("/digits")
    add(page, "wisard")
    page.get_by_test_id("source").select_option("fonts")
    page.get_by_test_id("count").fill("20000")
    page.get_by_test_id("train").click()
    page.get_by_test_id("stop").click()
    page.get_by_test_id("stop").wait_for(state="detached")
    page.get_by_text(re.compile("^0 learnt")).wait_for()


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
