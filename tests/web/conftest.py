"""A server over small real runs, and pages of a real browser that must stay free of faults.

Every page that a test opens fails the test on an error on its console, an exception, a request to
another host, a refusal by the content security policy, and any finding of axe. A test that causes
such messages itself says so when it opens the window.

A busy machine may answer late. So a test asks about a page only with `expect` or `wait_until`.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
# UMWELT=target/release/umwelt measures the release build.
UMWELT = ROOT / os.environ.get("UMWELT", "target/debug/umwelt")
PICTURES = ROOT / "target" / "web"
BROWSERS = ["chromium-headless-shell", "chromium", "google-chrome"]
SIZES = {"wide": (1280, 800), "narrow": (420, 800)}
# The longest wait for a page, in milliseconds.
PATIENCE = 60_000
# What a browser says of a server that a test has stopped.
LOST_SERVER = re.compile(r"ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED")
# What a browser says of a request that the server refuses.
REFUSED = re.compile(r"status of 4\d\d")

expect.set_options(timeout=PATIENCE)


def umwelt(*arguments, cwd, check=True):
    """Runs umwelt in a folder."""
    done = subprocess.run([UMWELT, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"umwelt {arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


class Server:
    """A process of `umwelt serve` in the folder `work`."""

    def __init__(self, work, *options):
        self.work, self.options = work, options
        self.port = 0
        self.start()

    def start(self):
        """Starts it, after a stop at the same port."""
        # The folder may be private to this user, for which the server would ask for a token.
        command = [UMWELT, "serve", "runs", "--port", str(self.port), "--poll", "300ms", *self.options]
        self.process = subprocess.Popen(command, cwd=self.work, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.search(r"http://\S+", line):
                self.link = found.group()
                self.address = self.link.split("?")[0].rstrip("/")
                self.port = int(self.address.rsplit(":", 1)[1])
                return
        raise AssertionError("umwelt serve printed no address")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(timeout=60)


@pytest.fixture(scope="session")
def browser():
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.exit("no headless Chromium: apt-get install chromium-headless-shell", returncode=2)
    # Chromium refuses to run as root with its sandbox.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test")
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


class Visitor:
    """A window of a browser at a server, with everything that went wrong in it."""

    def __init__(self, browser, server, theme="light", size="wide", causes=()):
        width, height = SIZES[size]
        self.context = browser.new_context(
            color_scheme=theme, viewport={"width": width, "height": height}, accept_downloads=True
        )
        self.server, self.faults, self.causes = server, [], causes
        self.context.route("**/*", self.only_ours)
        self.page = self.watched(self.context.new_page())
        self.page.goto(server.link)

    def watched(self, page):
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        page.on("console", self.console)
        page.on("crash", lambda: self.faults.append("the page crashed"))
        return page

    def only_ours(self, route):
        if route.request.url.startswith((self.server.address, "data:", "blob:")):
            return route.continue_()
        self.faults.append(f"another host: {route.request.url}")
        return route.abort()

    def console(self, message):
        is_caused = any(cause.search(message.text) for cause in self.causes)
        if message.type in ("error", "warning") and not is_caused:
            self.faults.append(f"console: {message.text}")

    def go(self, path):
        """Opens a path, and waits until nothing is being loaded."""
        self.page.goto(self.server.address + path)
        self.settled()
        return self.page

    def settled(self):
        expect(self.page.locator("main > *").first).to_be_attached(timeout=20_000)
        expect(self.page.locator("[data-loading]")).to_have_count(0)
        self.page.wait_for_timeout(150)

    def picture(self, name):
        """Keeps a picture of the whole page, and asks axe about it."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.settled()
        # Charts are drawn when they come into view, so the window takes the height of the page.
        size = self.page.viewport_size
        height = min(self.page.evaluate("document.documentElement.scrollHeight"), 5000)
        self.page.set_viewport_size({**size, "height": max(size["height"], height)})
        self.page.wait_for_timeout(300)
        self.settled()
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
        self.check(name)
        self.page.set_viewport_size(size)

    def fits(self):
        """Waits until the page is no wider than its window."""
        wide = "document.documentElement.scrollWidth - innerWidth"
        wait_until(lambda: self.page.evaluate(wide) <= 0, f"{self.page.url} does not fit in the window")
        # A text in too narrow a column is broken letter by letter.
        lines = "new Set([...one.getClientRects()].map((line) => Math.round(line.top))).size"
        texts = self.page.locator("main span").evaluate_all(f"(all) => all.map((one) => [one.textContent, {lines}])")
        assert [text for text, lines in texts if lines > 2 and len(text) < 3 * lines] == [], self.page.url
        cut = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
        assert self.page.locator("main td.number").evaluate_all(cut) == [], self.page.url

    def check(self, name):
        found = Axe().run(self.page).response["violations"]
        for violation in found:
            for node in violation["nodes"][:3]:
                self.faults.append(f"axe on {name}: {violation['id']}: {node['html'][:200]}")

    def close(self):
        self.context.close()


@pytest.fixture
def serve():
    """Starts servers that live as long as the test."""
    started = []

    def serve(work, *options):
        started.append(Server(work, *options))
        return started[-1]

    yield serve
    for server in started:
        server.stop()


@pytest.fixture
def visit(browser, server, serve):
    """Opens windows, which are closed before any server; none of them may have had a fault."""
    opened = []

    def visit(theme="light", size="wide", at=None, causes=()):
        opened.append(Visitor(browser, at or server, theme, size, causes))
        return opened[-1]

    yield visit
    for visitor in opened:
        visitor.close()
    assert [fault for visitor in opened for fault in visitor.faults] == []


def wait_until(true, otherwise="waited in vain", seconds=PATIENCE / 1000):
    """Waits until a condition holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(otherwise)


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    """A folder with a sweep of four runs and one that fails, and a run of its own."""
    work = tmp_path_factory.mktemp("web")
    (work / "sweep.yaml").write_text(SWEEP)
    umwelt("sweep", "sweep.yaml", cwd=work, check=False)
    return work


SWEEP = (ROOT / "tests" / "web" / "sweep.yaml").read_text()


@pytest.fixture(scope="session")
def server(work):
    server = Server(work, "--allow-actions")
    yield server
    server.stop()
