"""The pages on which trained models are asked."""

import re
import struct

import pytest
from playwright.sync_api import expect

from conftest import umwelt

LOOKS = [("light", "wide"), ("dark", "wide"), ("light", "narrow")]
ONE_THREAD = ["device=cpu", "threads=1", "eval_at_the_end_only=true"]
DOTS = [*ONE_THREAD, "model_type=VICReg", "n_steps=9", "val_n_steps=9", "dataset_size=1024", "val_dataset_size=64",
        "dataset_batch_size=32", "dataset_noise=0.5", "dataset_normalize=true", "vicreg.epochs=2", "vicreg.arch=menet5",
        "vicreg.predictor=rnn", "vicreg.projector=id", "vicreg.embedding_size=32", "vicreg.base_lr=0.8",
        "probing_cfg.ridge_sequences=256", "output_path=runs/dots"]
COMO = [*ONE_THREAD, "model_type=CoMo", "dataset_batch_size=16", "como.data_path=digits", "como.epochs=30",
        "como.encoding_dim=16", "como.state_size=3", "como.num_heads=2", "como.collab_message_size=12",
        "como.collab_dec_depth=1", "como.collab_messenger=linear", "output_path=runs/como"]
SHAPES = [*ONE_THREAD, "model_type=GW", "shapes.n_train_examples=1000", "shapes.n_val_examples=60", "shapes.n_test_examples=60",
          "vision.hidden=32", "vision.channels=4", "vision.batch_size=32", "vision.steps=60", "text.batch_size=32", "text.steps=60",
          "gw.paired=400", "gw.batch_size=32", "gw.steps=60", "odd_one_out.enabled=false", "output_path=runs/workspace"]

TALK = [*ONE_THREAD, "model_type=LatentTalk", "talk.lm.size=smoke", "talk.train_tasks=60", "talk.eval_tasks=4", "talk.pretrain.steps=120",
        "talk.pretrain.batch_size=8", "talk.pretrain.gate=0", "talk.actor.steps=30", "talk.actor.batch_size=8", "talk.compress.k=[4]",
        "talk.compress.steps=20", "talk.compress.batch_size=8", "talk.evaluate.channels=[text, latent_full, latent_k, no_comm]",
        "output_path=runs/talk"]


def write_digits(folder):
    """Files as those of MNIST: bars and circles of several sizes."""
    folder.mkdir()
    for split, count in [("train", 160), ("t10k", 40)]:
        pictures = b"".join(digit(n) for n in range(count))
        (folder / f"{split}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, count, 28, 28) + pictures)
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, count) + bytes(n % 2 for n in range(count)))


def digit(n):
    """A circle for even numbers, a bar for odd ones."""
    radius = 5 + n % 4
    ring = lambda x, y: abs(((x - 13.5) ** 2 + (y - 13.5) ** 2) ** 0.5 - radius) < 1.5
    bar = lambda x, y: abs(x - 13.5 - (n % 3 - 1) * (y - 13.5) / 8) < 1.5 and abs(y - 13.5) < radius + 3
    return bytes(255 if (bar if n % 2 else ring)(x, y) else 0 for y in range(28) for x in range(28))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a trained run of each world."""
    work = tmp_path_factory.mktemp("worlds")
    write_digits(work / "digits")
    for values in [DOTS, COMO, SHAPES, TALK]:
        umwelt("train", "--values", *values, cwd=work)
    return work


@pytest.fixture
def rooms(trained, serve):
    return serve(trained)


def said(page):
    """The sentence of an answer, once no question waits."""
    expect(page.locator("[data-asking]")).to_have_count(0)
    return page.get_by_test_id("said")


@pytest.mark.parametrize("theme,size", LOOKS)
def test_a_target_is_dragged_and_the_plan_is_watched(visit, rooms, theme, size):
    visitor = visit(theme, size, at=rooms)
    page = visitor.go("/worlds/dots")
    page.get_by_test_id("run").select_option("dots")
    expect(page).to_have_url(re.compile("run=dots"))
    expect(said(page)).to_contain_text("The model believes that its plan ends")
    before = said(page).inner_text()
    board = page.get_by_test_id("board")
    box = board.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 3 * box["height"] / 4, steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("target-x")).to_have_value("6.5")
    expect(page.get_by_test_id("target-y")).to_have_value("20.5")
    expect(said(page)).not_to_have_text(before)
    visitor.picture(f"dots-{theme}-{size}")
    visitor.fits()
    page.get_by_test_id("play").click()
    expect(page.get_by_test_id("step")).to_have_value("8")
    page.get_by_test_id("planner").select_option("gradient")
    page.get_by_test_id("start").focus()
    page.keyboard.press("ArrowRight")
    expect(said(page)).to_contain_text("The model believes")


@pytest.mark.parametrize("theme,size", LOOKS)
def test_an_agent_completes_a_digit_by_a_message_that_is_changed(visit, rooms, theme, size):
    visitor = visit(theme, size, at=rooms)
    page = visitor.go("/worlds/agents?run=como")
    expect(said(page)).to_contain_text("The agents complete the digit with errors of")
    completed = page.get_by_alt_text("agent 2 completes it with the messages")
    whole = completed.get_attribute("src")
    visitor.picture(f"agents-{theme}-{size}")
    visitor.fits()
    # An agent that sees nothing hangs on the message.
    page.get_by_test_id("sees-1").uncheck()
    expect(completed).not_to_have_attribute("src", whole)
    said(page)
    before = completed.get_attribute("src")
    page.locator("[data-test^=number-]").first.focus()
    for _ in range(10):
        page.keyboard.press("PageUp")
    expect(completed).not_to_have_attribute("src", before)
    page.get_by_test_id("as-sent").click()
    expect(completed).to_have_attribute("src", before)
    page.get_by_test_id("sees-1").check()
    expect(completed).to_have_attribute("src", whole)
    page.get_by_test_id("clear").click()
    box = page.get_by_test_id("pad").bounding_box()
    page.mouse.move(box["x"] + 80, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 220, steps=6)
    page.mouse.up()
    expect(page.get_by_test_id("digit")).to_have_value("-1")
    expect(completed).not_to_have_attribute("src", whole)


@pytest.mark.parametrize("theme,size", LOOKS)
def test_attributes_become_a_picture_and_a_caption_and_come_back(visit, rooms, theme, size):
    visitor = visit(theme, size, at=rooms)
    page = visitor.go("/worlds/workspace?run=workspace")
    for way in ["attr--v", "attr--t", "attr-v-attr", "v--attr", "t--v"]:
        expect(page.get_by_test_id(way)).to_be_visible()
    visitor.picture(f"workspace-{theme}-{size}")
    visitor.fits()
    truth = page.get_by_alt_text("the true picture")
    before = truth.get_attribute("src")
    page.get_by_test_id("class").select_option("2")
    expect(truth).not_to_have_attribute("src", before)
    caption = page.locator(".truth .caption")
    words = caption.inner_text()
    page.get_by_test_id("wording").click()
    expect(caption).not_to_have_text(words)
    expect(said(page)).to_contain_text("From the picture the workspace says")


@pytest.mark.parametrize("theme,size", LOOKS)
def test_a_message_is_read_row_by_row_and_the_receiver_answers(visit, rooms, theme, size):
    visitor = visit(theme, size, at=rooms)
    page = visitor.go("/worlds/talk?run=talk")
    expect(said(page)).to_contain_text("Through latent_full the receiver")
    rows = page.get_by_test_id("rows").locator("tbody tr")
    page.get_by_test_id("channel").select_option("latent_k_4")
    expect(said(page)).to_contain_text("Through latent_k_4 the receiver")
    expect(rows).to_have_count(4)
    visitor.picture(f"talk-{theme}-{size}")
    visitor.fits()
    plan = page.get_by_test_id("plan")
    before = plan.inner_text()
    page.get_by_test_id("problem").select_option("1")
    expect(plan).not_to_have_text(before)
    page.get_by_test_id("channel").select_option("no_comm")
    expect(said(page)).to_contain_text("The message takes 0 positions and 0 bytes")
    expect(page.get_by_test_id("rows")).to_have_text("No row stands in the receiver's text.")


def test_a_run_leads_to_its_page_and_a_run_of_another_world_is_refused(visit, rooms):
    visitor = visit(at=rooms, causes=[re.compile("status of 400")])
    page = visitor.go("/run?name=como")
    page.get_by_role("link", name="Ask its model in Agents").click()
    expect(said(page)).to_contain_text("The agents complete the digit with errors of")
    page = visitor.go("/worlds/dots?run=como")
    expect(page.get_by_role("alert")).to_contain_text("a run of another kind than this page shows")
