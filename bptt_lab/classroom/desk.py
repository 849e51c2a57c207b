"""Where one student's cells run; after something has stopped them, once more without it."""

import nbformat

from bptt_lab.classroom.remote import Limits, Room, Submission, Trouble


class Desk:
    """One student's cells. `trouble` holds, by the name or else the number of a cell, what happened when it was run."""

    def __init__(self, room: Room, limits: Limits, cells: list[nbformat.NotebookNode]):
        self.room, self.limits, self.starts = room, limits, 1 + limits.restarts
        self.cells = {_name(cell) or number: cell.source for number, cell in enumerate(cells)}
        self.trouble: dict[str | int, Trouble] = {}
        self.open: Submission | None = None

    def submission(self) -> Submission:
        """The running submission, started again if it has been stopped."""
        while not (self.open and self.open.alive):
            self.close()
            if not self.starts:
                raise Trouble("died", "your code was stopped too often", "Which exercise runs without end?")
            self.starts -= 1
            self.open = self.room.submission(self.limits)
            self._run_cells()
        return self.open

    def _run_cells(self) -> None:
        for name, source in self.cells.items():
            if name in self.trouble or not self.open.alive:
                continue
            try:
                self.open.run(source, f"<cell {name}>")
            except Trouble as trouble:
                self.trouble[name] = trouble

    def close(self) -> None:
        if self.open:
            self.open.close()


def _name(cell: nbformat.NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")
