"""The classroom: hand exercises out, collect and grade them, and see what a class gets wrong. From the door down:

__main__  the teacher's commands
page      the class on one page
plugin    the step of nbgrader that runs a submission
judge     what a submission gets
desk      one submission, started again after it was stopped
remote    functions that run in another process
room      that process
inside    what it does for one submission
wire      what may travel from there
report    points and mistakes of a class
course    the teacher's notebooks, made from those of the course
twin      each check once more, about fresh problems
problems  fresh arguments for any exercise

TEACHING.md says how to use it. Only `plugin`, and the points of `report`, need nbgrader.
"""

from bptt_lab.classroom.twin import Verdict, twin

__all__ = ["Verdict", "twin"]
