"""`python -m config.local up | demo | manage …`: what run.sh calls."""

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

from config.local import launch, programs
from config.local.output import say
from config.local.process import Program
from config.local.servers import embedded, running, wait_for
from config.local.state import PROJECT_ROOT, State, StateInUseError
from config.local.supervisor import StopRequestedError, Supervisor

DEFAULT_PORT = 8000


def up(state: State, *, without: Sequence[str] = (), with_demo: bool = False) -> int:
    """Run everything until Ctrl-C."""
    port = int(os.environ.get("PORT") or DEFAULT_PORT)
    url = os.environ.get("COUNTERSIGN_BASE_URL") or f"http://127.0.0.1:{port}"
    state.make()
    try:
        with state.locked(what="up", url=url):
            _refuse_taken_port(port)
            servers, environment = embedded(state)
            environment |= {"PORT": str(port), "COUNTERSIGN_BASE_URL": url}
            environment |= programs.demo_environment(state.home) if with_demo else {}
            product = [one for one in programs.product(state, port=port) if one.name not in without]
            after = [programs.demo()] if with_demo else []
            return _supervise(Supervisor(environment, logs=state.logs), servers, product, after, url=url)
    except StateInUseError as error:
        say(_in_use(state, error.holder))
        return 1


def manage(state: State, arguments: Sequence[str]) -> int:
    """Run manage.py with the servers of the running Countersign, or with its own for the time it takes."""
    state.make()
    servers, environment = embedded(state)
    try:
        with state.locked(what="manage"), running(servers, logs=state.logs):
            code = _in_foreground(programs.manage(*arguments), environment)
            # Others may have joined in meanwhile; the servers stay until they are done.
            with state.used(alone=True):
                return code
    except StateInUseError:
        with state.used():
            wait_for(servers)
            return _in_foreground(programs.manage(*arguments), environment)


def _supervise(
    supervisor: Supervisor, servers: list[Program], product: list[Program], after: list[Program], *, url: str
) -> int:
    try:
        supervisor.start_and_wait(servers)
        supervisor.run_once(programs.migrate())
        supervisor.start_and_wait(product)
        say(f"Countersign is at {url}")
        # A database that is just starting again must not end everything: the link is tried until it is there.
        supervisor.start_and_wait([programs.setup_link(), *after])
        supervisor.run()
    except StopRequestedError as reason:
        say(str(reason) or "Stopping ...")
        return 1 if str(reason) else 0
    finally:
        supervisor.stop()


def _in_foreground(command: Sequence[str], environment: Mapping[str, str]) -> int:
    # Ctrl-C is for the command; a handler, unlike SIG_IGN, is not inherited.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    wrapped = launch.wrap(command, number=signal.SIGTERM)
    variables = {**os.environ, **environment}
    done = subprocess.run(wrapped, cwd=PROJECT_ROOT, env=variables, check=False)  # noqa: S603  # what the user typed
    return done.returncode


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("COUNTERSIGN_BIND", "127.0.0.1"), port))
        except OSError as error:
            sys.exit(f"Port {port} is not free ({error.strerror}). Take another: PORT={port + 1} ./run.sh …")


def _in_use(state: State, holder: Mapping[str, object]) -> str:
    where = f" at {holder['url']}" if "url" in holder else ""
    who = f"`{holder.get('what', '?')}`, process {holder.get('pid', '?')}"
    return (
        f"Countersign already runs on {state.home}{where} ({who}). "
        "Stop it first, or set COUNTERSIGN_HOME to another folder."
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="run.sh")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "demo"):
        command = commands.add_parser(name)
        command.add_argument("--without", action="append", default=[], help="leave out worker or beat")
    if arguments[:1] == ["manage"]:
        # Everything after the word is manage.py's own, its --help included.
        return manage(State.of_environment(), arguments[1:])
    given = parser.parse_args(arguments)
    is_demo = given.command == "demo"
    state = State.of_environment(folder=".local/demo" if is_demo else ".local")
    return up(state, without=given.without, with_demo=is_demo)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
