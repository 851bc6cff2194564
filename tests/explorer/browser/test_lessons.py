"""Lessons on the page: every step shows what it says, and a person may leave and come back."""

import pytest

import convscope
from convscope.explorer import Session
from convscope.explorer.drawn import drawn_digits
from convscope.explorer.syllabus import built_in_lessons
from convscope.networks import open_network
from convscope.training.recipes import embedded

LESSONS = {lesson.name: lesson for lesson in built_in_lessons()}
# How much of a panel is in sight, against 160 x 120 pixels where it is larger.
SEEN = """(which) => {
    const one = [...document.querySelectorAll(which)].find((panel) => panel.offsetParent);
    if (!one) return 0;
    const box = one.getBoundingClientRect();
    let [top, bottom, left, right] = [0, innerHeight, 0, innerWidth];
    for (let frame = one.parentElement; frame; frame = frame.parentElement) {
        if (getComputedStyle(frame).overflowY === "visible") continue;
        const own = frame.getBoundingClientRect();
        [top, bottom] = [Math.max(top, own.top), Math.min(bottom, own.bottom)];
        [left, right] = [Math.max(left, own.left), Math.min(right, own.right)];
    }
    const tall = Math.min(bottom, box.bottom) - Math.max(top, box.top);
    const wide = Math.min(right, box.right) - Math.max(left, box.left);
    const share = Math.max(0, tall) / Math.min(120, box.height);
    return share * Math.max(0, wide) / Math.min(160, box.width);
}"""
PANELS = {
    "input": ".cs-stage",
    "prediction": ".cs-prediction",
    "maps": ".cs-centre, .cs-sheet",
    "map": ".cs-channel",
    "effect": ".cs-channel [aria-label='effect of muting']",
    "unit": ".cs-channel [aria-label='arithmetic of a unit']",
    "lineage": ".cs-channel [aria-label=lineage]",
    "strip": ".cs-bottom",
}


def state(page, name):
    return page.evaluate(f"convscope.state.{name}")


def settled(page, lesson, place):
    """Wait until a step is shown, with its run and its panel in sight."""
    step = LESSONS[lesson].steps[place - 1]
    page.wait_for_function("(name) => convscope.state.lesson === name", arg=f"{lesson},{place}")
    wanted = page.evaluate("() => [convscope.state.mute, convscope.state.target]")
    page.wait_for_function(
        """([mute, target]) => convscope.books && convscope.run
            && JSON.stringify(convscope.ran.mute) === JSON.stringify(mute)
            && JSON.stringify(convscope.ran.target) === JSON.stringify(target)""",
        arg=wanted,
    )
    seen = f"([which]) => ({SEEN})(which) >= 0.99"
    page.wait_for_function(seen, arg=[PANELS[step.panel]], timeout=20_000)


def said(page):
    return page.locator(".cs-lessonsays").inner_text().replace("\u00a0", " ")


def pairs(text):
    own = {part for part in text.partition("#")[2].split("&") if part}
    return {one for one in own if not one.startswith(("theme=", "lesson="))}


@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize(
    ("theme", "width", "height"), [("light", 1280, 800), ("dark", 420, 800)], ids=["wide", "narrow"]
)
def test_every_step_shows_what_it_says(open_page, name, theme, width, height):
    page = open_page(f"theme={theme}", viewport={"width": width, "height": height})
    errors = []
    page.on("console", lambda one: one.type == "error" and errors.append(one.text))
    lesson = LESSONS[name]
    page.get_by_role("button", name="Lessons", exact=True).click()
    page.get_by_role("button", name=lesson.title, exact=True).click()
    bar = page.get_by_role("region", name=f"lesson: {lesson.title}")
    for place, step in enumerate(lesson.steps, start=1):
        settled(page, name, place)
        assert said(page) == step.say
        assert bar.get_by_text(f"{place} of {len(lesson.steps)}", exact=True).is_visible()
        assert page.locator(".cs-lessonwhy").is_hidden()
        assert page.locator(".cs-problem").is_hidden()
        # The page writes the state as it read it, with the theme of the person.
        assert pairs(page.url) == pairs(f"#{step.show}")
        assert f"theme={theme}" in page.url and f"lesson={name},{place}" in page.url
        last = place == len(lesson.steps)
        bar.get_by_role("button", name="Done" if last else "Next").click()
    assert bar.is_hidden() and state(page, "lesson") == ""
    assert not errors


def test_keys_lead_on_and_back(open_page):
    page = open_page("theme=light")
    page.keyboard.press("n")
    assert state(page, "lesson") == ""
    page.get_by_role("button", name="Lessons", exact=True).press("Enter")
    page.locator("dialog[open]").get_by_role("button", name="Why pooling").press("Enter")
    page.locator("dialog").wait_for(state="detached")
    steps = LESSONS["why-pooling"].steps
    focused = "() => document.activeElement.textContent === 'Next'"
    page.wait_for_function(focused)
    page.keyboard.press("Enter")
    assert said(page) == steps[1].say
    page.keyboard.press("n")
    assert said(page) == steps[2].say
    for _ in range(3):
        page.keyboard.press("Shift+N")
    assert said(page) == steps[0].say
    assert page.get_by_role("button", name="Back", exact=True).is_disabled()
    for _ in steps:
        page.keyboard.press("n")
    assert state(page, "lesson") == ""


def test_a_link_opens_a_lesson_at_a_step(open_page):
    page = open_page("lesson=dead-channels,4")
    settled(page, "dead-channels", 4)
    assert state(page, "channel") == 6 and state(page, "strip") == "images"
    assert pairs(page.url) == pairs(f"#{LESSONS['dead-channels'].steps[3].show}")
    page.evaluate("() => { location.hash = 'lesson=why-pooling,2'; }")
    settled(page, "why-pooling", 2)
    assert state(page, "unit") == [6, 6]


def test_a_link_from_where_a_person_wandered_opens_there(open_page):
    page = open_page("lesson=dead-channels,4&m=layer&l=conv1&c=3&i=5")
    assert page.evaluate("() => [convscope.state.layer, convscope.state.image]") == ["conv1", 5]
    assert said(page) == LESSONS["dead-channels"].steps[3].say


@pytest.mark.parametrize(
    "address", ["lesson=none,1", "lesson=why-pooling,77", "lesson=why-pooling"]
)
def test_a_step_that_is_not_there_shows_no_lesson(open_page, address):
    page = open_page(address)
    assert page.locator(".cs-lesson").is_hidden()


def test_who_wanders_off_comes_back(open_page):
    page = open_page("lesson=why-pooling,2&theme=dark")
    settled(page, "why-pooling", 2)
    page.keyboard.press("1")
    page.locator(".cs-thumb").nth(7).click()
    page.wait_for_function("() => convscope.run.image === 'digit 7'")
    assert said(page) == LESSONS["why-pooling"].steps[1].say
    page.get_by_role("button", name="step 2 of 6: show it again").click()
    settled(page, "why-pooling", 2)
    assert page.evaluate("() => [convscope.state.mode, convscope.state.image]") == ["layer", 3]
    page.get_by_label("image", exact=True).select_option("9")
    page.get_by_role("button", name="Next").click()
    settled(page, "why-pooling", 3)
    assert state(page, "image") == 3 and state(page, "theme") == "dark"
    # Escape and the browser lead back as they do elsewhere.
    page.go_back()
    page.wait_for_function("() => convscope.state.lesson === 'why-pooling,2'")
    page.get_by_role("button", name="leave the lesson").click()
    assert page.locator(".cs-lesson").is_hidden() and "lesson" not in page.url
    assert page.evaluate("() => document.activeElement.textContent") == "Lessons"


def test_tables_stay_tables(open_page):
    page = open_page("lesson=why-pooling,1&table=true")
    page.keyboard.press("n")
    page.wait_for_function("() => convscope.state.lesson === 'why-pooling,2'")
    assert state(page, "table") is True


def test_a_network_without_lessons_offers_none(open_page, serve):
    with serve(open_network(embedded()), drawn_digits()[:2]) as found:
        page = open_page("lesson=why-pooling,2", at=found)
        assert page.get_by_role("button", name="Lessons", exact=True).is_hidden()
        assert page.locator(".cs-lesson").is_hidden()
        page.context.close()


def test_a_lesson_of_ones_own(open_page, serve_session, tmp_path):
    path = tmp_path / "own one.toml"
    path.write_text(
        'title = "Mine"\n[[step]]\nshow = "#m=layer&l=conv2"\nsay = "<b>Not bold</b> & plain."\n'
    )
    session = Session(open_network(embedded()), drawn_digits()[:2], lessons=path)
    with serve_session(session) as found:
        page = open_page(at=found)
        page.get_by_role("button", name="Lessons", exact=True).click()
        assert page.locator("dialog li").all_inner_texts() == ["Mine\n1 step"]
        page.get_by_role("button", name="Mine").click()
        page.wait_for_function("() => convscope.state.layer === 'conv2'")
        assert said(page) == "<b>Not bold</b> & plain."
        page.reload()
        page.wait_for_function("() => globalThis.convscope?.run")
        assert said(page) == "<b>Not bold</b> & plain."
        page.context.close()


def test_in_a_report_a_step_says_what_is_not_there(chromium, tmp_path):
    path = convscope.report(open_network(embedded()), drawn_digits(), tmp_path / "digits.html")
    page = chromium.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{path.as_uri()}#lesson=what-carried-the-decision,5")
    page.wait_for_function("() => globalThis.convscope?.books")
    why = page.locator(".cs-lessonwhy")
    for place, reason in (
        (5, ""),
        (6, "muting needs"),
        (7, "muting needs"),
        (8, "against another"),
    ):
        name = f"what-carried-the-decision,{place}"
        page.wait_for_function("(name) => convscope.state.lesson === name", arg=name)
        assert said(page) == LESSONS["what-carried-the-decision"].steps[place - 1].say
        assert why.is_visible() == bool(reason) and reason in why.inner_text()
        assert page.locator(".cs-problem").is_hidden()
        assert state(page, "mute") == {}
        page.keyboard.press("n")
    page.evaluate("() => { location.hash = 'lesson=convolution-by-hand,4'; }")
    settled(page, "convolution-by-hand", 4)
    page.close()
    assert not problems


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_finding_of_axe(open_page, theme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    page = open_page(f"lesson=why-pooling,1&theme={theme}")
    for opens in (False, True):
        if opens:
            page.get_by_role("button", name="Lessons", exact=True).click()
        page.wait_for_timeout(600)
        found = axe.Axe().run(page).response["violations"]
        serious = [
            (one["id"], node["target"], node["failureSummary"])
            for one in found
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]
        assert not serious
