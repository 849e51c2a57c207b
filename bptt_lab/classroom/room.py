"""The process in which submissions run. It knows the notebook as it was handed out; it knows no answer and no seed.

It runs the notebook once. For each submission it makes a copy of itself (a fork, some milliseconds), which runs that
student's cells and answers calls, within limits. Whatever happens there is lost with the copy.
"""

import contextlib
import io
import os
import pickle
import signal
import socket
import sys
from multiprocessing.connection import Connection

import matplotlib

from bptt_lab.classroom.inside import Copy, run_cell


def main(fd: int) -> None:
    """Run the notebook, then make a copy for each submission that is announced."""
    channel = socket.socket(fileno=fd)
    with Connection(os.dup(fd)) as start:
        cells, watched = pickle.loads(start.recv_bytes())
        namespace = {"__name__": "__main__"}
        matplotlib.use("Agg")
        with contextlib.redirect_stdout(io.StringIO()):
            for number, source in enumerate(cells):
                with contextlib.suppress(Exception):  # a cell that needs a browser, say
                    run_cell(source, f"<cell {number + 1}>", namespace)
        start.send_bytes(b"ready")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # copies that end leave nothing behind
    while True:
        limits, fds, _, _ = socket.recv_fds(channel, 4096, 1)
        if not fds:
            return
        if os.fork() == 0:
            channel.close()
            os.setsid()
            Copy(Connection(fds[0]), namespace, watched, *pickle.loads(limits)).serve()
            os._exit(0)
        os.close(fds[0])


if __name__ == "__main__":
    main(int(sys.argv[1]))
