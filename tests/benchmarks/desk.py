"""Measure the time from the key that saves a case until the next card is painted, in Chromium.

The benchmark agrees with two hundred shown cases by keyboard, one after the other, against a running instance. The
clock runs in the browser, from the key event to the first frame after the one that painted the new card. The baseline
of the same run is a page with a single handler that swaps static cards of the same markup, with the same key and clock.
Argument: `--cases 200`.
"""

import argparse
import os
import shutil
import time
from statistics import median, quantiles

from playwright.sync_api import Page, expect, sync_playwright

from tests.benchmarks.harness import Site, print_table, running_site

CASES = 200
FEATURES = 20
PREFETCH = 5
EMAIL, PASSWORD = "reviewer@bench.test", "correct horse battery staple"
READY = 60_000

# A message sent from the frame that paints is handled once that frame is done: this marks the end.
TIMER = """
window.durations = [];
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.ctrlKey) return;
  const began = event.timeStamp;
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => window.durations.push(performance.now() - began);
    port2.postMessage(null);
  });
}, true);
"""
# The page's own module, under whatever name it was served.
CARD_READY = """
async () => {
  const resources = performance.getEntriesByType("resource");
  const { name } = resources.find(({ name }) => name.includes("/js/desk/shelf."));
  const { shelf } = await import(name);
  return shelf.size > 0;
}
"""
SWAP = """
(html) => {
  const cards = [0, 1].map(() => {
    const card = document.createElement("template");
    card.innerHTML = html;
    return card;
  });
  const main = document.createElement("main");
  document.body.replaceChildren(main);
  let index = 0;
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey) main.replaceChildren(cards[index++ % 2].content.cloneNode(true));
  });
}
"""


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="bench desk")
    parser.add_argument("--cases", type=int, default=CASES)
    cases = parser.parse_args(arguments).cases
    with running_site() as site, sync_playwright() as playwright:
        queue = _prepared(site, cases)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        options = ["--disable-background-networking", "--disable-gpu", "--disable-dev-shm-usage"]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(TIMER)
        _sign_in(page, site)
        page.goto(f"{site.base_url}{queue}")
        desk = _desk(page, cases)
        static = _static(page, cases, queue, site)
        browser.close()
    print_table([_row("swap a static card (baseline)", static), _row("save at the desk by key", desk)])
    return {"p50": round(median(desk), 1), "p95": round(_p95(desk), 1), "static_p50": round(median(static), 1)}


def _desk(page: Page, cases: int) -> list[float]:
    for _ in range(cases):
        expect(page.locator("#main[aria-busy=false] #answer")).to_have_count(1, timeout=READY)
        # Measure only cards that are already loaded; the claim benchmark measures loading.
        _until(page, CARD_READY)
        page.keyboard.press("a")
        page.keyboard.press("Control+Enter")
    expect(page.locator("#unsent")).to_be_hidden(timeout=READY)
    return _durations(page, cases)


def _static(page: Page, cases: int, queue: str, site: Site) -> list[float]:
    page.goto(f"{site.base_url}{queue}")
    expect(page.locator("#main[aria-busy=false] #answer")).to_have_count(1, timeout=READY)
    html = page.locator("#main").inner_html()
    page.goto("about:blank")
    page.evaluate(SWAP, html)
    for _ in range(cases):
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(5)
    return _durations(page, cases)


def _row(name: str, ms: list[float]) -> dict[str, object]:
    return {"what": name, "p50 ms": median(ms), "p95 ms": _p95(ms)}


def _p95(ms: list[float]) -> float:
    return quantiles(ms, n=20)[-1]


def _until(page: Page, holds: str) -> None:
    """Poll: Playwright's own wait evaluates text, which the content security policy forbids."""
    deadline = time.monotonic() + READY / 1_000
    while not page.evaluate(holds):
        if time.monotonic() > deadline:
            raise RuntimeError(f"still not true: {holds}")
        page.wait_for_timeout(5)


def _durations(page: Page, cases: int) -> list[float]:
    _until(page, f"durations.length >= {cases}")
    durations: list[float] = page.evaluate("durations")
    return durations[:cases]


def _sign_in(page: Page, site: Site) -> None:
    page.goto(f"{site.base_url}/accounts/login/")
    page.locator("[name=login]").fill(EMAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.locator("details.menu")).to_have_count(1, timeout=READY)


def _prepared(site: Site, cases: int) -> str:
    """Create a reviewer and a queue with enough shown cases; return the queue's path."""
    figures = {"cases": cases + 20, "features": FEATURES, "prefetch": PREFETCH}
    code = PREPARE.format(email=EMAIL, password=PASSWORD, **figures)
    return site.manage("shell", "-v", "0", "-c", code).split()[-1]


PREPARE = """
import json
from django.contrib.auth.hashers import make_password
from apps.accounts.models import Role, User
from apps.accounts.services.members import ensure_member
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review.services import open_due_items
from apps.sampling.services import policies
from tests.factories import draw_all, make_model, prediction_row, push_predictions
member = ensure_member("bench", email="{email}", role=Role.REVIEWER, name="Bench", is_simulated=False)
User.objects.filter(pk=member.user.pk).update(password=make_password("{password}"))
names = [f"feature_{{number}}" for number in range({features})]
features = [{{"name": name, "type": "number", "group": "Facts"}} for name in names]
model = make_model(member.project, "bench", features=features, slices=[], blind_share=0.0)
policies.put_document(model, {{"floor": 1.0, "queues": [{{"name": "main"}}]}})
values = {{name: float(index) for index, name in enumerate(names)}}
pushed = {{name: 0.1 * index for index, name in enumerate(names, 1)}}
# Log-odds of 0.9 are 2.1972.
sent = {{"prediction": "yes", "attributions": pushed, "attribution_base": 2.1972 - sum(pushed.values())}}
rows = [prediction_row(n, features=values, score=0.9, **sent) for n in range(1, {cases} + 1)]
push_predictions(model, rows)
draw_all(model)
open_due_items()
queue = ReviewQueue.objects.get(model=model)
ReviewQueue.objects.filter(pk=queue.pk).update(prefetch={prefetch})
print(f"/p/bench/queues/{{queue.pk}}/")
"""
