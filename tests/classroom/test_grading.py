"""What is right in Jupyter gets all points, what is wrong anywhere does not, and it is said why."""

import ast
import copy
import json
import sys

import desks
import numpy as np
import pytest

from bptt_classroom import asking, grading
from bptt_lab import exercises
from bptt_lab.doctor import Trouble, examination
from bptt_lab.doctor.reading import read
from bptt_lab.exercises import solutions

SEED = 20
SLOW = ("05", "09")  # their checks train networks


@pytest.fixture(scope="module")
def exam():
    return grading.Exam("07", SEED, desks.LIMITS)


IN_JUPYTER = [
    "display('a'); get_ipython()",
    "len?",
    "took = %timeit -o -n 1 -r 1 1 + 1",
    "files = !ls",
    "import asyncio\nawait asyncio.sleep(0.01)",
    "  a = 1\n  b = 2",
    'text = """\n% no magic\n! no shell\n"""',
    "checks = 3",
    "%%time\n1 + 1",
    *(["import time\ntime.sleep(desk)".replace("desk", "4")] * 4),
    "1 / 0",
]


@pytest.mark.slow
@pytest.mark.sandbox
def test_what_is_right_in_jupyter_gets_all_points(exam):
    cells = desks.solved("07")
    cells["07.5"] += "\n\n\nmy_batch_backward(1, 2, 3)"  # an error of his own, after the function
    cells["07.6"] = "# mine\n" + cells["07.6"] + "\n\n\ndisplay(my_general_backward)"
    ran, found = desks.grade(exam, *IN_JUPYTER, *cells.values(), 'checks.check("07.6", my_general_backward)')
    assert {result.kind for result in found.values()} == {"right"} and sum(r.points for r in found.values()) == 30
    assert not any(result.notes for result in found.values())
    assert desks.printed(ran.cells[-1]) == "right, to 12 digits or more\n" or "right" in desks.printed(ran.cells[-1])


@pytest.mark.slow
@pytest.mark.sandbox
def test_it_is_said_what_happened(exam):
    cells = desks.solved("07")
    broken = "def my_state_grads(params, trace, dL_do)\n    return 1"
    copied = "def my_output_grads(trace, y):\n    return y"
    numbers = [cells["07.1"], broken, cells["07.4"], cells["07.6"], copied]
    _, found = desks.grade(exam, *numbers, "my_batch_backward = 3")
    assert found["07.1"].kind != "right" and found["07.1"].notes == [
        "2 cells make my_output_grads: the last one counts"
    ]
    assert found["07.2"].where.startswith("your cell stopped with SyntaxError") and "(line 1)" in found["07.2"].where
    assert found["07.3"].where == "no cell makes my_param_grads"
    assert "NameError: name 'my_state_grads' is not defined" in found["07.4"].where
    assert found["07.4"].notes[0].startswith("it needs my_state_grads of exercise 07.2: your cell stopped with Syntax")
    assert "my_batch_backward is no function" in found["07.5"].where and found["07.6"].kind == "right"


# without a sandbox: what is made of answers


def judged(exam, name, function):
    """The verdict that a function gets for these answers."""
    called, _, seconds, closed, rounds = exam.questions[name]
    asking.close([getattr(sys.modules[module], name) for module, name in closed if "." not in name])
    answers = [asking._round(called, function, seconds, copy.deepcopy(problems)) for problems in rounds]
    asking.close([])
    return grading._judged(exam.exercises[name], exam.rounds[name], json.loads(json.dumps(answers)))


def functions(number, changed=None, tree=None):
    """What the solutions of a notebook define, with one cell replaced."""
    names, cells = {}, solutions.cells(desks.SOLUTIONS / f"{number}.py")
    for name, code in cells.items():
        exec(compile(tree if name == changed else code, f"<{name}>", "exec"), names)
    return names


NAMES = [name for number in exercises.NOTEBOOKS if number not in SLOW for name in exercises.graded(number)]


@pytest.fixture(scope="module")
def exams():
    return {number: grading.Exam(number, SEED) for number in exercises.NOTEBOOKS if number not in SLOW}


class Mutation(ast.NodeTransformer):
    """One change of a program: that of the given number."""

    OTHER = {
        **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.MatMult: ast.Mult},
        **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.Pow: ast.Mult},
    }

    def __init__(self, number):
        self.left = number

    def generic_visit(self, node):
        super().generic_visit(node)
        if isinstance(node, ast.BinOp) and type(node.op) in self.OTHER and self.here():
            node.op = self.OTHER[type(node.op)]()
        if isinstance(node, ast.Compare) and type(node.ops[0]) in self.OTHER and self.here():
            node.ops[0] = self.OTHER[type(node.ops[0])]()
        if isinstance(node, ast.Constant) and type(node.value) is int and self.here():
            node.value += 1
        return node

    def here(self):
        self.left -= 1
        return self.left == -1


def mutants(code):
    number = 0
    while True:
        mutation = Mutation(number)
        tree = ast.fix_missing_locations(mutation.visit(ast.parse(code)))
        if mutation.left >= 0:
            return
        yield tree
        number += 1


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_is_right(exams, name):
    exam = exams[name[:2]]
    function = functions(name[:2])[exam.exercises[name].function]
    assert judged(exam, name, as_function(function)).correct


@pytest.mark.ci
@pytest.mark.parametrize("name", NAMES)
def test_what_either_round_refuses_is_refused(exams, name):
    exam, exercise = exams[name[:2]], exams[name[:2]].exercises[name]
    trees = list(mutants(solutions.code(name)))
    chosen = np.random.default_rng(1).permutation(len(trees))[:4]
    for number in chosen:
        try:
            mutant = functions(name[:2], name, trees[number])[exercise.function]
        except Exception:  # it does not even run
            continue
        whole = judged(exam, name, as_function(mutant))
        parts = [judged(one_round(exam, name, part), name, as_function(mutant)) for part in (0, 1)]
        assert whole.correct == all(part.correct for part in parts), ast.unparse(trees[number])


CLOTHES = {
    "lists": lambda answer: dressed(answer, list, lambda part: np.asarray(part).tolist()),
    "tuples": lambda answer: dressed(answer, tuple, lambda part: dressed(np.asarray(part).tolist(), tuple, None)),
    "arrays": lambda answer: dressed(answer, together, np.asarray),
}


def dressed(answer, parts, array):
    """The same answer as a student may return it."""
    if isinstance(answer, tuple | list):
        return parts([dressed(part, parts, array) for part in answer])
    return array(answer) if array and isinstance(answer, np.ndarray | np.generic | int | float) else answer


def together(answers):
    """One array if these can be one."""
    same = {np.shape(one) for one in answers} if all(isinstance(one, np.ndarray) for one in answers) else ()
    return np.array(answers) if len(same) == 1 else answers


@pytest.mark.parametrize("clothes", CLOTHES)
@pytest.mark.parametrize("name", [name for name in NAMES if name[:2] != "08"] + ["05.1", "09.1"])
def test_a_notebook_and_the_grader_take_the_same_kinds_of_answers(name, clothes):
    exercise, right = exercises.find(name), as_function(functions(name[:2])[exercises.find(name).function])
    case = exercise.cases(0)[0]
    answer = CLOTHES[clothes](right(*exercise.arguments(case).values()))
    here, there = said(exercise, case, answer), said(exercise, case, asking.unpack(asking.pack(answer)))
    assert here == there == "", (answer, here, there)


def test_a_grader_knows_a_certificate_by_its_arrays():
    exercise = exercises.find("09.2")
    for case in exercise.cases(0):
        answer = exercise.reference(*exercise.arguments(case).values())
        assert said(exercise, case, answer) == said(exercise, case, asking.unpack(asking.pack(answer))) == ""


def said(exercise, case, answer):
    """How an answer falls short, in the words of the check."""
    try:
        if exercise.names:
            read(answer, exercise.right(case))
            return ""
    except Trouble as trouble:
        return str(trouble)
    return examination._falls_short(exercise, case, answer)


def as_function(value):
    return value if callable(value) else lambda: value


def one_round(exam, name, part):
    """The same exam with one round in the place of both."""
    other = copy.copy(exam)
    *question, rounds = exam.questions[name]
    other.questions = {name: (*question, [rounds[part]] * 2)}
    other.rounds = {name: (exam.rounds[name][part],) * 2}
    return other


def test_what_is_right_on_one_round_only_is_not_right(exam):
    right = functions("07")["my_general_backward"]
    shapes = {tuple(case.sizes.values()) for case in exam.rounds["07.6"][0]}

    def by_heart(params, trace, y):
        sizes = (*y.shape[:2], params.U.shape[1], len(params.b), y.shape[2])
        return right(params, trace, y) if sizes in shapes else params

    def the_other_way(params, trace, y):
        sizes = (*y.shape[:2], params.U.shape[1], len(params.b), y.shape[2])
        return params if sizes in shapes and 1 not in sizes else right(params, trace, y)

    first, second = judged(exam, "07.6", by_heart), judged(exam, "07.6", the_other_way)
    assert first.kind == "visible only" and first.share < 1 and "not on others" in first.where
    assert not second.correct and second.share < 1


def test_an_answer_that_is_forged_is_refused_and_stops_nothing(exam):
    given = desks.notebook("def my_output_grads(trace, y):\n    return y")
    nothing = {"outputs": [], "trouble": "", "answer": ""}
    outcome = {"answer": 3, "changed": []}
    texts = ["{", "[]", "[1, 2]", "[[], []]", json.dumps([[outcome]] * 2), "[[{}], [{}]]"]
    texts += [json.dumps([[{"trouble": ["right", "", "right"]}]] * 2)]
    came = [nothing | {"answer": text} for text in texts] + [nothing | {"trouble": "right"}]
    for one in came:
        results = grading.judge(given, exam, [nothing], dict.fromkeys(exam.exercises, one))
        assert all(result.points == 0 and result.kind != "right" for result in results), one


@pytest.mark.parametrize("text", [b"", b"{", b"3", b'{"outputs": []}', b"\xff", b"[" * 100_000])
def test_what_a_driver_cannot_have_said_counts_as_nothing(text):
    good = json.dumps({"outputs": [], "trouble": "", "answer": ""}).encode()
    assert grading.read(text) == [] and len(grading.read(good + b"\n" + text)) == 1


def test_outputs_that_no_notebook_may_hold_are_left_out():
    good = {"output_type": "stream", "name": "stdout", "text": "a"}
    script = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>", "text/plain": "b"}}
    assert grading.outputs([good])[0].text == "a" and grading.outputs([script])[0].data == {"text/plain": "b"}
    assert grading.outputs([good, {"output_type": "stream"}]) == grading.outputs(3) == []


def test_problems_and_right_answers_are_computed_once():
    asked = []

    def draw(rng, n):
        asked.append("draw")
        return {"x": rng.normal(size=n)}

    def reference(x):
        asked.append("reference")
        return x

    from bptt_lab.doctor import Exercise

    exercise = Exercise(reference, draw=draw, sizes=[{"n": 3}, {"n": 4}])
    cases = exercise.cases(3)
    first, again = (exercise.expected(case) for case in (cases[0], cases[0]))
    first += 1  # nobody else's
    assert asked == ["draw", "reference"] and (first != again).all()
    other = exercise.arguments(cases[1])["x"]
    assert asked == ["draw", "reference", "draw"] and len(other) == 4


def test_each_right_gradient_earns_its_share_and_damage_costs_half(exam):
    right = functions("07")["my_general_backward"]

    def with_wrong_c(params, trace, y):
        return right(params, trace, y)._replace(c=0 * params.c)

    def damaging(params, trace, y):
        grads = right(params, trace, y)
        trace.h[:] = 0
        return grads

    shares = [judged(exam, "07.6", function).share for function in (right, with_wrong_c, damaging, lambda *_: None)]
    assert shares == [1, 0.8, 0.5, 0]
