"""A question that a number or a choice answers: no function is written, and no points are given."""

from collections.abc import Callable, Mapping, Sequence

from bptt_lab.doctor import Exercise, slip


def question(
    id: str,
    name: str,
    title: str,
    answer: object,
    wrong: Mapping[object, str],
    hints: Sequence[str],
    tolerance: float = 1e-9,
    judge: Callable[..., str] | None = None,
) -> Exercise:
    """An `Exercise` for a value.

    Parameters
    ----------
    id
        a notebook and a letter, such as "03.a"
    name
        name of the variable in which the reader puts the answer: `name = None` in the notebook
    answer
        a number, a text such as "b", True or False, or a tuple of these
    wrong
        a wrong answer: a question for whoever gives it
    hints
        hints for all other answers
    tolerance
        largest difference of a number that counts as right
    judge
        judge(answer) -> how it falls short, with a question, or "": where order does not count
    """

    mistakes = [slip(f"answer {one}", f"the answer {one}", asked, _returns(one)) for one, asked in wrong.items()]
    return Exercise(
        id=id,
        function=name,
        title=title,
        reference=_returns(answer),
        mistakes=mistakes,
        hints=hints,
        tolerance=tolerance,
        judge=judge,
    )


def _returns(value: object) -> Callable[[], object]:
    return lambda: value
