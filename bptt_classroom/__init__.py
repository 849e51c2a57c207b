"""The classroom: hand exercises out, grade them, and see what a class gets wrong. From the top down:

__main__  the teacher's commands
page      the class on one page, and its tables
handout   the notebook that students receive, and what a class starts with
nbgrader_config  the settings of nbgrader that are copied into the folder of a class
grading   what a submission gets
sandbox   a place that holds nothing of the class
files     what came back, and which file counts
names     whose file it is
notebooks a student's notebook, read and marked anew
records   what is known of a class
gradebook what nbgrader is told and asked
driver    in the sandbox: runs a notebook
asking    in the sandbox: asks its functions, and writes down what they answer
stand_in  in the sandbox: takes the place of the course's checks
light     in the sandbox and outside: one thread for a product, no part of Jupyter that nobody needs

TEACHING.md says how to use it. A submission is foreign code: it meets only the last four, and what they write is data.
"""
