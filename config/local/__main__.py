"""The commands of `run.sh`: `python -m config.local up | demo | manage …`."""

import argparse
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

from config.local import launch, product
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
            environment |= product.demo_environment(state.home) if with_demo else {}
            processes = [program for program in product.programs(state, port=port) if program.name not in without]
            once_up = [product.demo()] if with_demo else []
            return _supervise(Supervisor(environment, logs=state.logs), servers, processes, once_up, url=url)
    except StateInUseError as error:
        say(_in_use(state, error.holder))
        return 1


def manage(state: State, arguments: Sequence[str]) -> int:
    """Run manage.py on the servers of the running Countersign, or start them for as long as it takes."""
    state.make()
    servers, environment = embedded(state)
    try:
        with state.locked(what="manage"), running(servers, logs=state.logs):
            code = _in_foreground(product.manage(*arguments), environment)
            # Other commands may have started to use the servers; keep them running until those are done.
            with state.used(alone=True):
                return code
    except StateInUseError as error:
        # Links that a command prints lead to the instance that runs.
        url = {"COUNTERSIGN_BASE_URL": error.holder["url"]} if "url" in error.holder else {}
        with state.used():
            wait_for(servers)
            return _in_foreground(product.manage(*arguments), {**environment, **url})


def _supervise(
    supervisor: Supervisor, servers: list[Program], processes: list[Program], once_up: list[Program], *, url: str
) -> int:
    try:
        supervisor.start_and_wait(servers)
        supervisor.run_once(product.migrate())
        supervisor.start_and_wait(processes)
        say(f"Countersign is at {url}")
        # The supervisor retries the link: a database that is restarting must not stop everything.
        supervisor.start_and_wait([product.setup_link(), *once_up])
        supervisor.run()
    except StopRequestedError as reason:
        say(str(reason) or "Stopping ...")
        return 1 if str(reason) else 0
    finally:
        supervisor.stop()


def _in_foreground(command: Sequence[str], environment: Mapping[str, str]) -> int:
    # Leave Ctrl-C to the command. Unlike SIG_IGN, a handler is not inherited.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    wrapped = launch.wrap(command, number=signal.SIGTERM)
    variables = {**os.environ, **environment}
    result = subprocess.run(wrapped, cwd=PROJECT_ROOT, env=variables, check=False)  # noqa: S603  # what the user typed
    return result.returncode


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("COUNTERSIGN_BIND", "127.0.0.1"), port))
        except OSError as error:
            sys.exit(f"Port {port} is not free ({error.strerror}). Try another one: PORT={port + 1} ./run.sh …")


def _in_use(state: State, holder: Mapping[str, object]) -> str:
    where = f" at {holder['url']}" if "url" in holder else ""
    who = f"`{holder.get('what', '?')}`, process {holder.get('pid', '?')}"
    return (
        f"Countersign is already running on {state.home}{where} ({who}). "
        "Stop it first, or set COUNTERSIGN_HOME to another folder."
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="run.sh")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "demo"):
        command = commands.add_parser(name)
        command.add_argument("--without", action="append", default=[], help="start without this program")
    if arguments[:1] == ["manage"]:
        # Everything after `manage` belongs to manage.py, including --help.
        return manage(State.from_environment(), arguments[1:])
    options = parser.parse_args(arguments)
    is_demo = options.command == "demo"
    state = State.from_environment(folder=".local/demo" if is_demo else ".local")
    return up(state, without=options.without, with_demo=is_demo)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
