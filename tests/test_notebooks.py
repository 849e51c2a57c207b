"""The house rules of notebooks. That stored outputs are reproduced is nbval's work, not this file's."""

import ast
import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import accessible
import nbformat
import pytest
import refresh_notebooks
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from reading_times import rounded, words

import bptt_lab.exercises

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted(refresh_notebooks.NOTEBOOKS.glob("*.ipynb"))
WRITTEN_OUT = {"03_backpropagation_through_time.ipynb": {"backward"}}  # the function that a notebook is about
ASKING = "00 01 02 03 04 05 06 07 08 09 10 11 12 13 14".split()  # these ask before they tell
HANDS_FIRST = [path for path in NOTEBOOKS if path.name[:2] in ASKING]
WITH_RECALL = [path for path in HANDS_FIRST if path.name[:2] >= "02"]
WITHIN_AN_HOUR = [path for path in HANDS_FIRST if path.name[:2] >= "09"]
WORDS, CELLS = 300, 3  # the longest stretch with nothing to do: words to read, cells to watch


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def not_run_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    return counts != list(range(1, len(counts) + 1))


def errors_stored(notebook):
    return [cell.id for cell in code_cells(notebook) for output in cell.outputs if output.output_type == "error"]


def defined(notebook):
    trees = [ast.parse(cell.source) for cell in code_cells(notebook)]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def helpers():
    names = set()
    for path in Path(bptt_lab.__file__).parent.glob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        names |= {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return names


def too_long(notebook, most=20):
    lines = {cell.id: sum(1 for line in cell.source.splitlines() if line.strip()) for cell in code_cells(notebook)}
    return [name for name, n in lines.items() if n > most]


def three_code_cells_in_a_row(notebook):
    kinds = "".join(cell.cell_type[0] for cell in notebook.cells)
    return "ccc" in kinds


def pictures_without_words(notebook):
    """Cells that drew a picture, and are not followed by text that says what the picture shows."""
    found = []
    for cell, after in zip(notebook.cells, notebook.cells[1:] + [new_markdown_cell("")]):
        drew = cell.cell_type == "code" and any("image/png" in output.get("data", {}) for output in cell.outputs)
        if drew and not (after.cell_type == "markdown" and "picture" in after.source.lower()):
            found.append(cell.id)
    return found


def wide_pictures(notebook, most=770):
    """Cells with a stored picture of more pixels than a page is wide, where its words would shrink."""
    found = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if png := output.get("data", {}).get("image/png"):
                width = int.from_bytes(base64.b64decode(png)[16:20], "big")
                found += [cell.id] if width > most else []
    return found


def without_alternative_text(notebook):
    """Stored pictures that a reader who hears the page is told nothing of, or not what the text below says."""
    found = []
    for cell, after in zip(notebook.cells, notebook.cells[1:] + [new_markdown_cell("")]):
        said = refresh_notebooks.alternative_text(after.source)
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                stored = output.metadata.get("image/png", {}).get("alt", "")
                found += [] if stored == said and len(said) > 40 else [cell.id]
    return found


def hard_to_hear(notebook):
    """Headings out of order, pictures without a name, and things told apart by their colour alone."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    each = [*map(accessible.pictures_without_a_name, texts), *map(accessible.colours_without_shapes, texts)]
    return accessible.headings_out_of_order(texts) + sum(each, [])


def private_paths(notebook):
    return re.findall(r"(?:/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\)\S*", nbformat.writes(notebook))


def exercises(notebook):
    """Pairs of an exercise cell and the check that follows it."""
    cells = notebook.cells
    return [(cell, cells[place + 1]) for place, cell in enumerate(cells) if refresh_notebooks.is_exercise(cell)]


def checks_amiss(notebook, number):
    """Cells of exercises that are not what their entry says: a stub, then the one line that all have."""
    entries, pairs = bptt_lab.exercises.of(number), exercises(notebook)
    lines = [f'checks.check("{entry.id}", {entry.function})' for entry in entries.values()]
    found = [check.id for (_, check), line in zip(pairs, lines) if check.source != line]
    for (stub, check), entry in zip(pairs, entries.values()):
        empty = f"{entry.function} = None" if entry.id[3:].isalpha() else "raise NotImplementedError"
        if entry.function not in stub.source or empty not in stub.source:
            found.append(stub.id)
        if "not attempted yet" not in nbformat.writes(new_notebook(cells=[check])):
            found.append(check.id)
    return found + ["not as many exercises as entries"] * (len(pairs) != len(lines))


def is_task(cell):
    """Something to do: to write, to answer, or to guess."""
    return refresh_notebooks.is_exercise(cell) or "guess" in cell.metadata.get("tags", [])


def share_before_the_first_task(notebook):
    cells = notebook.cells
    first = next((place for place, cell in enumerate(cells) if is_task(cell)), len(cells))
    return sum(map(words, cells[:first])) / sum(map(words, cells))


def stretches(notebook):
    """Between two tasks, and before the first: words, and cells to watch, which are all but tasks and their checks."""
    read, watched = [0], [0]
    for cell in notebook.cells:
        if is_task(cell):
            read, watched = [*read, 0], [*watched, 0]
        read[-1] += words(cell)
        watched[-1] += cell.cell_type == "code" and not is_task(cell) and not cell.source.startswith("checks.check(")
    return list(zip(read, watched))


def guesses_not_shown(notebook):
    """Guesses that the next code cell does not put beside the result."""
    code = code_cells(notebook)
    pairs = [(cell, after) for cell, after in zip(code, code[1:]) if "guess" in cell.metadata.get("tags", [])]
    return [cell.id for cell, after in pairs if not re.search(rf"\b{cell.source.split()[0]}\b", after.source)]


@pytest.mark.parametrize("path", HANDS_FIRST, ids=lambda path: path.name)
def test_it_asks_before_it_tells(path):
    notebook = read(path)
    assert share_before_the_first_task(notebook) <= 0.25
    *between, end = stretches(notebook)  # after the last task there is only where to go next
    assert [one for one in between if one[0] > WORDS or one[1] > CELLS] == [] and end[0] <= WORDS
    assert guesses_not_shown(notebook) == [] and wide_pictures(notebook) == []


@pytest.mark.parametrize("path", WITHIN_AN_HOUR, ids=lambda path: path.name)
def test_it_takes_an_hour_at_most(path):
    assert rounded(path) <= 60


@pytest.mark.parametrize("path", WITH_RECALL, ids=lambda path: path.name)
def test_it_begins_with_two_questions_on_the_notebooks_before(path):
    questions = [name for name in bptt_lab.exercises.of(path.name[:2]) if name[3:].isalpha()]
    first = [check.source for _, check in exercises(read(path))[:2]]
    assert (
        [re.search(r'"(.*?)"', source)[1] for source in first]
        == questions[:2]
        == [f"{path.name[:2]}.{n}" for n in "ab"]
    )


def test_what_makes_a_reader_wait_is_found():
    def cell(source, tag=None):
        return new_code_cell(source, metadata={"tags": [tag]} if tag else {})

    long, short, task = new_markdown_cell("word " * 301), new_markdown_cell("word " * 99), cell("n = None", "guess")
    assert share_before_the_first_task(new_notebook(cells=[long, task, short])) == 301 / 400
    assert share_before_the_first_task(new_notebook(cells=[short, long])) == 1
    assert stretches(new_notebook(cells=[short, task, long, cell("n"), cell("checks.check()")])) == [(99, 0), (301, 1)]
    header = base64.b64encode(bytes(18) + (771).to_bytes(2, "big")).decode()
    drawn = new_code_cell("n", outputs=[new_output("display_data", {"image/png": header})])
    assert wide_pictures(new_notebook(cells=[drawn])) == [drawn.id] and not wide_pictures(
        new_notebook(cells=[drawn]), 771
    )
    folded = new_markdown_cell("One two <details><summary>three</summary>\n\nfour</details> five")
    assert words(folded) == 3
    assert guesses_not_shown(new_notebook(cells=[task, short, cell("print(n)")])) == []
    assert guesses_not_shown(new_notebook(cells=[task, short, cell("print(none)"), cell("n")])) == [task.id]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_house_rules(path):
    notebook = read(path)
    assert not not_run_in_order(notebook), "restart, run all, and save"
    assert not errors_stored(notebook)
    assert not too_long(notebook)
    assert not three_code_cells_in_a_row(notebook)
    assert not pictures_without_words(notebook)
    assert not without_alternative_text(notebook), "run tests/refresh_notebooks.py"
    assert not hard_to_hear(notebook)
    assert not private_paths(notebook)
    assert defined(notebook) & helpers() <= WRITTEN_OUT.get(path.name, set())


def test_each_rule_finds_its_planted_mistake():
    def cell(source, count=1, outputs=()):
        return new_code_cell(source, execution_count=count, outputs=list(outputs))

    picture = new_output("display_data", {"image/png": ""})
    failed = new_output("error", ename="E", evalue="", traceback=[])
    assert not_run_in_order(new_notebook(cells=[cell("1", None)]))
    assert not_run_in_order(new_notebook(cells=[cell("1", 2), cell("2", 1)]))
    assert errors_stored(new_notebook(cells=[cell("1", outputs=[failed])]))
    assert too_long(new_notebook(cells=[cell("1\n" * 21)]))
    assert three_code_cells_in_a_row(new_notebook(cells=[cell("1"), cell("2"), cell("3")]))
    assert pictures_without_words(new_notebook(cells=[cell("1", outputs=[picture])]))
    assert pictures_without_words(new_notebook(cells=[cell("1", outputs=[picture]), new_markdown_cell("Next.")]))
    said = "# Title\n\nThe picture shows a line that rises, and then stays where it is. Blue is sad."
    heard = new_notebook(cells=[cell("1", outputs=[picture]), new_markdown_cell(said)])
    assert without_alternative_text(heard) and hard_to_hear(heard) == ["Blue is sad."]
    refresh_notebooks.describe(heard)
    assert not without_alternative_text(heard)
    heard.cells[1].source = said.replace("rises", "falls")
    assert without_alternative_text(heard)  # the words changed, and the picture's did not
    for text in ("## Deep", "# One\n# Two", "# One\n### Three", "# One\n![](a.png)", '# One\n<img src="a.png">', "no"):
        assert hard_to_hear(new_notebook(cells=[new_markdown_cell(text)]))
    good = "# One\n## Two\n```\n# no\n```\n![an a](a.png)"
    assert not hard_to_hear(new_notebook(cells=[new_markdown_cell(good)]))
    assert private_paths(new_notebook(cells=[cell("open('/home/me/x')")]))
    assert "forward" in defined(new_notebook(cells=[cell("def forward():\n    pass")])) & helpers()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_each_check_is_the_one_line_of_its_exercise(path):
    notebook = read(path)
    assert checks_amiss(notebook, path.name[:2]) == []
    stub, check = exercises(notebook)[0]
    told, asked = check.source, stub.source
    for wrong in (told.replace('",', '0",'), f"answer = 3\n{told}"):
        check.source = wrong
        assert checks_amiss(notebook, path.name[:2]) == [check.id]
    check.source, stub.source = told, asked.replace("None", "3").replace("raise NotImplementedError", "return 3")
    assert checks_amiss(notebook, path.name[:2]) == [stub.id]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_links_between_notebooks_lead_somewhere(path):
    text = "".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    assert targets
    assert all((path.parent / target).exists() for target in targets)
    assert all("/" not in target for target in targets if target.endswith(".ipynb"))  # the browser edition knows names
    # files of the package are not beside the notebooks in the other editions
    assert all(target.endswith((".ipynb", ".png", ".svg")) for target in targets if "://" not in target)


def test_lines_that_differ_in_colour_alone_are_found():
    figure = Figure()
    ax = figure.subplots()
    ax.plot([1, 2], color="#0072B2", label="one")
    ax.plot([2, 3], "--", color="#D55E00")
    ax.plot([2, 3], color="#F0E442")  # much brighter: told apart in print, too
    assert accessible.told_by_colour_alone(figure) == []
    ax.plot([3, 1], color="#D55E00", label="two")
    assert accessible.told_by_colour_alone(figure) == ["one and two"]


def test_words_smaller_than_those_of_the_page_are_found():
    figure = Figure()
    figure.subplots().set_title("large")
    figure.text(0, 0, "small", fontsize=6)
    assert accessible.small_words(figure) == ["small"]


def test_a_widget_keeps_its_number():
    shown = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "drawn"}})
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[shown]), new_markdown_cell("text")])
    refresh_notebooks.keep_numbers(notebook)
    (data,) = [output.data for output in notebook.cells[0].outputs]
    assert data["application/vnd.jupyter.widget-view+json"] == {"model_id": notebook.cells[0].id}


def test_formulas_in_alternative_text_read_aloud():
    source = (
        "First this.\n\nSee. The picture shows $\\partial L / \\partial h^{(t)}$ in [notebook](a.ipynb) **3**. Next:"
    )
    assert refresh_notebooks.alternative_text(source) == "The picture shows ∂L / ∂h(t) in notebook 3."
    assert refresh_notebooks.alternative_text("Nothing.") == ""
    assert len(refresh_notebooks.alternative_text("A picture of a line. " * 99)) <= 420


@pytest.mark.ci
@pytest.mark.parametrize("digits, holds", [(15, False), (0, True)], ids=["all digits", "no digit"])
def test_what_hangs_on_roundings_is_found(digits, holds, tmp_path):
    """The loss after 500 steps in NumPy, printed; the kernel rounds as this process does, or otherwise."""
    code = f"""
import numpy as np
from bptt_lab import model, training
rng = np.random.default_rng(0)
_, history = training.train(model.init_params(8, rng), rng=rng, n_steps=500, learning_rate=0.3, engine="numpy")
print(f"{{history.loss[-100:].mean() / 10:.{digits}f}}")
"""
    cell, path = new_code_cell(code, execution_count=1), tmp_path / "printed.ipynb"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    cell.outputs = [new_output("stream", name="stdout", text=done.stdout)]
    nbformat.write(new_notebook(cells=[cell]), path)

    def reproduced(*more):
        command = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "-n", "0", "-q", *more, path]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True).returncode == 0

    assert reproduced() and reproduced("-p", "other_roundings") == holds
