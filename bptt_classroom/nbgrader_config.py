"""Settings of nbgrader for this course; `nbgrader --help-all` lists the others."""

from nbgrader.preprocessors import NbGraderPreprocessor


class Refused(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        raise RuntimeError("a submission is foreign code: grade with `python -m bptt_classroom grade`")


c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "bptt"
c.Exchange.root = "exchange"  # a folder that all students can reach, if there is one
c.HTMLExporter.sanitize_html = True  # no script of a submission runs in the browser that shows it
c.Autograde.sanitize_preprocessors = c.Autograde.autograde_preprocessors = [Refused]
c.ClearSolutions.enabled = False  # there are none in it
