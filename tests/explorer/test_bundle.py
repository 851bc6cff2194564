"""The rules that let the page's modules be joined into one, for the notebook and the report."""

import re
import shutil
import subprocess
from collections import defaultdict

import pytest

from convscope.explorer.assets import WEB
from convscope.explorer.bundle import script, styles

MODULES = {path.name: path.read_text(encoding="utf-8") for path in sorted(WEB.glob("*.js"))}
IMPORT = re.compile(r'import \{ (\w+(?:, \w+)*) \} from "\./(\w+\.js)";')
DECLARED = re.compile(
    r"^(?:export (?:default )?)?(?:async )?(?:function\*?|const|let|var|class) +(\w+|[{\[])",
    re.MULTILINE,
)
EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|const|let|class) +(\w+)", re.MULTILINE)


def plain(text):
    """Take comments out; no line of code begins as they do."""
    text = re.sub(r"^[ \t]*/\*(?:[^*]|\*(?!/))*\*/[ \t]*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^[ \t]*//.*\n", "", text, flags=re.MULTILINE)


def imports(name):
    """Give what a module imports: names by module."""
    return {
        match[2]: match[1].split(", ")
        for line in plain(MODULES[name]).splitlines()
        if (match := IMPORT.fullmatch(line))
    }


@pytest.mark.parametrize("name", MODULES)
def test_imports_are_named_relative_and_one_line(name):
    for line in plain(MODULES[name]).splitlines():
        code = re.sub(r"/\*.*?\*/", "", line)
        if code.startswith("import") or re.search(r"\bimport\s*\(", code):
            assert IMPORT.fullmatch(line), (
                f'{name}: {line!r}: write import {{ a, b }} from "./other.js"; in one line, since '
                "the joined script takes these lines out"
            )
        assert not re.search(r"^export (\*|\{(?! *\};))", line), (
            f"{name}: {line!r}: put export before what is declared"
        )
    for other, names in imports(name).items():
        assert other in MODULES, f"{name} imports {other}, which does not exist"
        unknown = set(names) - set(EXPORTED.findall(MODULES[other]))
        assert not unknown, f"{name} imports {unknown} from {other}, which does not export them"


def test_no_module_imports_itself_in_a_circle():
    done = set()

    def visit(name, trail):
        assert name not in trail, (
            f"{' -> '.join([*trail, name])}: move what both need into a module of its own"
        )
        if name not in done:
            for other in imports(name):
                visit(other, (*trail, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())


def test_names_at_the_top_are_unique_over_all_modules():
    homes = defaultdict(list)
    for name, text in MODULES.items():
        for declared in DECLARED.findall(plain(text)):
            assert declared not in "{[", f"{name}: declare one name at a time at the top"
            homes[declared].append(name)
    twice = {declared: found for declared, found in homes.items() if len(found) > 1}
    assert not twice, f"{twice}: rename one of each, since they share one scope when joined"


def test_the_entry_alone_has_a_default_export():
    having = [name for name, text in MODULES.items() if "export default" in plain(text)]
    assert having == ["main.js"], (
        "main.js gives anywidget its render function, and nothing else does"
    )


@pytest.mark.parametrize("name", MODULES)
def test_no_text_spans_lines(name):
    for place, line in enumerate(plain(MODULES[name]).splitlines()):
        assert line.count("`") % 2 == 0, (
            f"{name}, line {place + 1} without comments: {line.strip()!r}: end the template in its "
            "line, since lines that look like comments are left out of the joined script"
        )


@pytest.mark.parametrize("name", MODULES)
def test_the_page_is_made_without_markup_and_identifiers(name):
    text = plain(MODULES[name])
    for pattern, remedy in (
        (r"\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write", "build elements with el()"),
        (r"\beval\(|new Function\(", "the policy of the page forbids it"),
        (r"[{,] *id: *[\"'`]|\.id = ", "several explorers stand on one page: use classes"),
        (
            r"\bel\([^()]*[{,] *style: |setAttribute\(\"style\"",
            "the policy forbids it: set element.style.x",
        ),
        (r"</script", "it would end the script of a report"),
    ):
        found = re.search(pattern, text)
        assert not found, f"{name}: {found and found[0]!r}: {remedy}"


def test_every_module_is_reached_and_every_style_is_linked():
    joined = set(re.findall(r"^// (\w+\.js)$", script(), re.MULTILINE))
    assert joined | {"types.js"} == set(MODULES), "main.js does not lead to them all"
    page = (WEB / "index.html").read_text(encoding="utf-8")
    for path in WEB.glob("*.css"):
        assert f'href="{path.name}"' in page, f"link {path.name} in index.html"
        text = path.read_text(encoding="utf-8")
        assert text.strip() in styles()
        assert "@import" not in text and "url(" not in text, f"{path.name} loads something"


def test_the_joined_script_is_a_module_without_imports():
    joined = script()
    assert not re.search(r"^(import|export (?!default))\b", joined, re.MULTILINE)
    assert joined.rstrip().endswith("export default { render };")
    assert len(joined) < 1_000_000, "a notebook carries it with every widget"


def test_the_joined_script_parses(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine: the joined script was not parsed")
    path = tmp_path / "joined.mjs"
    path.write_text(script(), encoding="utf-8")
    done = subprocess.run(
        [node, "--check", str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_joining_leaves_code_as_it_is(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine: the joined script was not run")
    # What can be had without a page: numbers, state and levels.
    code = script().rpartition("for (const page of document")[0]
    probe = """
    const state = fromHash("#l=conv%2F1&c=3&mute=a:b:1,2;c:4&yx=5,6&t=7");
    console.log(JSON.stringify([toHash(state), state.mute, figure(0.012345), figure(-1e-9),
        [...levelsOf(Float32Array.of(0, 1, 2, NaN), 4,
            { low: Float32Array.of(0), high: Float32Array.of(2), signed: false })]]));
    """
    path = tmp_path / "probe.mjs"
    path.write_text(code + probe, encoding="utf-8")
    done = subprocess.run(
        [node, str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (
        '["l=conv/1&c=3&yx=5,6&t=7&mute=a:b:1,2%3Bc:4",{"a:b":[1,2],"c":[4]},"0.0123","-1.0e-9",'
        "[0,120,239,241]]"
    )
