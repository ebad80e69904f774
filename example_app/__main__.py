"""`python -m example_app`: fill the desk, then serve it on 127.0.0.1:$PORT until Ctrl-C."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import closing

import click
from waitress.server import create_server

from . import create_app
from .seed import seed

GUIDE = """
The desk is open at {url} (Ctrl-C closes it). Log in there as ada, ben or
cleo; their passwords are their names. Cleo may read everything, and change nothing.

Things to try without a browser:

  The contract's own example, with its headers:
    curl -u ada:ada -i {data}/aTaskId/variables/aVarName/data
  A variable of the claim, seen from its task:
    curl -u ada:ada -OJ {data}/aTaskId/variables/policy/data
  The last 8 bytes of a large file, and the whole file; run the second command again to resume a broken download:
    curl -u ada:ada -i -r -8 {data}/pay-out/variables/recording/data -o -
    curl -u ada:ada -C - -o dashcam.bin {data}/pay-out/variables/recording/data
  Somebody else's task, and a variable that is no file:
    curl -u ben:ben -i {data}/aTaskId/variables/aVarName/data
    curl -u ada:ada -i {data}/aTaskId/variables/amount/data
"""


def main() -> None:
    """Run the demo."""
    port = os.environ.get("PORT", "5000")
    try:
        listener = socket.create_server(("127.0.0.1", int(port)))
    except (OSError, OverflowError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "not a port number"
        sys.exit(f"The desk can't open on port {port}: {reason}. Choose another one: PORT=5001 make demo")
    try:
        run(listener)
    except KeyboardInterrupt:  # while the desk was being filled; the server handles Ctrl-C itself
        pass
    finally:
        listener.close()
    click.echo("\nThe desk is closed. The next run opens it with the same data.")


def run(listener: socket.socket) -> None:
    """Fill the desk and serve it until Ctrl-C."""
    app = create_app()
    with app.app_context():
        seed()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with closing(create_server(app, sockets=[listener], threads=16)) as server:
        click.echo(GUIDE.format(url=url, data=f"{url}task"))
        server.run()


if __name__ == "__main__":
    main()
