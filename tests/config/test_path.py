"""Everything works under a path of its own, whether the proxy in front passes the path on or takes it away."""

import re
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import pytest

from tests.benchmarks.harness import BACKGROUND, Site, running_site
from tests.benchmarks.intake import prepared

pytestmark = pytest.mark.slow

PATH = "/tools/countersign"
ADDRESS = re.compile(r'\b(?:href|src|action|hx-get|hx-post|data-url)="([^"]*)"')
FETCHED = re.compile(r'\b(?:href|src)="([^"#]+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
# One of each kind is looked at, and this many at most.
MOST_PAGES = 120


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site(path=PATH, without=BACKGROUND) as running:
        yield running


def signed_in(site: Site) -> httpx.Client:
    """Sign in by the button of a link, which needs the cookies and the token of this path."""
    link = site.manage("sign_in_link", "--user", "bench@example.org").strip().splitlines()[-1]
    assert link.startswith(f"{site.base_url}/enter/")
    client = httpx.Client(timeout=60)
    token = TOKEN.search(client.get(link).text)
    assert token
    answer = client.post(link, data={"csrfmiddlewaretoken": token[1]})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{PATH}/")
    assert {cookie.path for cookie in client.cookies.jar} == {PATH}
    return client


def test_pages_lead_nowhere_but_under_the_path(site: Site) -> None:
    prepared(site)
    with closing(signed_in(site)) as client:
        root = site.base_url.removesuffix(PATH)
        seen, waiting, pages = set(), [f"{PATH}/"], 0
        while waiting and pages < MOST_PAGES:
            address = waiting.pop(0)
            answer = client.get(root + address, follow_redirects=True)
            assert answer.status_code == 200, address
            assert answer.url.path.startswith(f"{PATH}/"), (address, answer.url)
            if not answer.headers["content-type"].startswith("text/html"):
                continue
            pages += 1
            outside = [each for each in ADDRESS.findall(answer.text) if each.startswith("/")]
            assert [each for each in outside if not each.startswith(f"{PATH}/")] == [], address
            for found in FETCHED.findall(answer.text):
                if found.startswith("/") and (kind := re.sub(r"\d+", "0", urlsplit(found).path)) not in seen:
                    seen.add(kind)
                    waiting.append(found.replace("&amp;", "&"))
        assert pages > 20


@pytest.mark.parametrize("before", [PATH, ""], ids=["passed-on", "taken-away"])
def test_a_proxy_may_pass_the_path_on_or_take_it_away(site: Site, before: str) -> None:
    root = site.base_url.removesuffix(PATH) + before
    assert httpx.get(f"{root}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{root}/").headers["location"] == f"{PATH}/accounts/login/?next={PATH}/"
    assert httpx.get(f"{root}/api/v1/nothing").json()["code"] == "not_found"
    described = httpx.get(f"{root}/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert described.json()["servers"] == [{"url": PATH}]
