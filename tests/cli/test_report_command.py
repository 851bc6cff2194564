"""``convscope report``: one file, and one line that says where it is."""

import re

import pytest


def test_report_writes_one_file_and_says_so(convscope, model, photo, tmp_path):
    path = tmp_path / "seen.html"
    done = convscope("report", model, photo, photo, "-o", path)
    assert done.status == 0, done.err
    size = path.stat().st_size
    assert done.out.strip() == f"{path} ({size / 1e6:.1f} MB)"
    assert "preparation: 12 x 12, grey, 0..1" in done.err
    text = path.read_text()
    assert text.startswith("<!doctype html>") and text.endswith("</html>\n")
    assert re.findall(r'data-pack="\[&quot;run&quot;,(\d+)\]"', text) == ["0", "1"]
    assert [found.name for found in tmp_path.iterdir() if found.suffix == ".html"] == ["seen.html"]


def test_report_is_quiet_when_asked(convscope, model, photo, tmp_path):
    done = convscope("report", model, photo, "-o", tmp_path / "a.html", "-q")
    assert (done.status, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "a.pdf"], "ends in .html"),
        (["-o", "none/a.html"], "there is no folder none"),
    ],
)
def test_report_refuses_in_one_line(
    convscope, model, photo, tmp_path, monkeypatch, arguments, said
):
    monkeypatch.chdir(tmp_path)
    done = convscope("report", model, photo, *arguments)
    assert done.status != 0 and done.out == ""
    assert said in done.err and "Traceback" not in done.err
    assert not list(tmp_path.glob("*.html")) and not list(tmp_path.glob(".convscope*"))


def test_report_needs_an_image_and_a_file(convscope, model, photo):
    assert convscope("report", model, "-o", "a.html").status == 2
    assert convscope("report", model, photo).status == 2
