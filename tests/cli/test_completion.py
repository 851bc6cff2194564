"""The Tab key: what shells are told, and that nothing heavy is imported for it."""

import os
import shutil
import subprocess
import sys

import pytest

RUN = "from convscope.cli.main import main; main()"


def completing(*words):
    """Ask as bash does when Tab is pressed at the end of the words."""
    asked = {
        "COMP_WORDS": " ".join(("convscope", *words)),
        "COMP_CWORD": str(len(words)),
        "_CONVSCOPE_COMPLETE": "complete_bash",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ver"], ["verify"]),
        (["train", "c"], ["cats-vs-dogs"]),
        (["train", "digits", "--data", "f"], ["fashion_mnist"]),
        (["datasets", "ci"], ["cifar10", "cifar100"]),
        (["survey", "model.keras", "mn"], ["mnist"]),
        (["survey", "model.keras", "./mn"], []),
        (["maps", "m.keras", "i.png", "--col"], ["--colormap", "--columns"]),
    ],
)
def test_what_is_offered(words, offered):
    assert sorted(completing(*words)) == offered


def test_the_names_are_those_that_the_commands_take(convscope):
    from convscope.cli.completion import DATASETS, RECIPES
    from convscope.inputs.named import NAMES
    from convscope.training.recipes import RECIPES as KNOWN

    assert DATASETS == NAMES
    assert set(RECIPES) == set(KNOWN)


def test_offering_names_imports_nothing_heavy():
    code = (
        "import os, sys\n"
        "os.environ |= {'COMP_WORDS': 'convscope train c', 'COMP_CWORD': '2',"
        " '_CONVSCOPE_COMPLETE': 'complete_bash'}\n"
        "from convscope.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    offered, loaded = done.stdout.splitlines()
    assert offered == "cats-vs-dogs"
    assert not {"keras", "jax", "numpy", "xarray", "PIL"} & set(loaded.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_is_given_a_script_that_completes(tmp_path):
    program = tmp_path / "convscope"
    program.write_text(f"#!{sys.executable}\n{RUN}\n")
    program.chmod(0o755)
    home = {**os.environ, "HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    # A shell between: the shell that asks is found among the processes above.
    asked = ["bash", "-c", "convscope --install-completion; exit $?"]
    done = subprocess.run(asked, env=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "bash completion installed" in done.stdout
    pressed = (
        'source "$HOME/.bashrc"; COMP_WORDS=(convscope train em); COMP_CWORD=2\n'
        "complete -p convscope; _convscope_completion convscope; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "-c", pressed], env=home, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    known, offered = done.stdout.splitlines()
    # Where no name fits, bash completes files.
    assert "-o default" in known
    assert offered == "embedded"
