"""`manage.py up`: everything on one machine, from an empty folder to a page that answers."""

import json
import socket
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cortx.database import database_set_up
from cortx.demo import demo_seed, demo_sign_in
from cortx.serving import web_command
from cortx.settings import env
from cortx.supervisor import Child, Stopped, stop_all, stop_on_signals, supervise
from records.runs.models import Run
from records.states import RunStatus
from records.watching import run_watch
from tenants.accounts.services import tenant_default_ensure
from tenants.serving_role import refuse_command

HOST = "127.0.0.1"
# Long, for a machine that is busy with other things; a process that ends is noticed at once.
FIRST_PAGE_SECONDS = 180.0
# The worker is only just starting; after this long the command judges the delivery itself.
DEMO_PATIENCE_SECONDS = 30.0


class Command(BaseCommand):
    help = "Migrate, seed the demo tenant when there is none, run web server, workers and beat until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=env.integer("PORT", 8000, minimum=1), help="8000, or PORT")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        refuse_taken_port(port)
        children: list[Child] = []
        stop_on_signals()
        try:
            self.say("Preparing the database")
            database_set_up()
            refuse_command()
            first = self.fill()
            self.say("Starting")
            children += start_children(port)
            wait_for_first_page(children, port)
            if first:
                self.judge(first)
            self.say(banner(port))
            supervise(children, self.say)
        except Stopped:
            self.say("\nStopping")
        finally:
            stop_all(children)

    def fill(self) -> Run | None:
        """The default tenant, the shipped packs for every tenant, and in development a demo tenant."""
        tenant_default_ensure()
        first = None
        if settings.APP_ENV == "dev":
            self.say("Looking after the demo tenant")
            first = demo_seed()
        call_command("install_packs", stdout=StringIO())
        return first

    def judge(self, run: Run) -> None:
        """Wait for the demo's verdict, so that the first page has something to show."""
        self.say("Judging the demo's first delivery")
        run = run_watch(run.tenant.id, run.id, lambda run: None, patience=DEMO_PATIENCE_SECONDS)
        if run.status != RunStatus.COMPLETED:
            self.say(f"It did not work out: {run.reason}")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def start_children(port: int) -> Iterator[Child]:
    """All processes; one by one, so that whoever stops us in between knows the ones that run."""
    logs = Path(settings.VAR_DIR) / "log"
    logs.mkdir(parents=True, exist_ok=True)
    # The server's own process knows no Django; it is told how to log by a file.
    log_config = logs / "logging.json"
    log_config.write_text(json.dumps(settings.LOGGING))
    celery = [sys.executable, "-m", "celery", "-A", "cortx.celery", "--quiet"]
    yield Child("web", list(web_command(port, host=HOST, log_config=str(log_config))), logs)
    yield Child("worker", [*celery, "worker", "--pool", "prefork", "--concurrency", "1", "--loglevel", "INFO"], logs)
    yield Child("sealer", [*celery, "worker", "--pool", "solo", "--queues", "seal", "--loglevel", "INFO"], logs)
    yield Child("beat", [*celery, "beat", "--pidfile", "", "--loglevel", "INFO"], logs)


def refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}). Choose another: PORT={port + 1}"
            ) from error


def wait_for_first_page(children: list[Child], port: int) -> None:
    """Return when the health page answers; raises `CommandError` with the last words of the process that did not."""
    deadline = time.monotonic() + FIRST_PAGE_SECONDS
    while not answers(port):
        ended = [child for child in children if child.process.poll() is not None]
        if time.monotonic() > deadline:
            ended = ended or children[:1]
        if ended:
            raise CommandError(f"{ended[0].name} did not start: {last_line(ended[0].log)}. See {ended[0].log}")
        time.sleep(0.1)


def answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"


def banner(port: int) -> str:
    address = f"http://{HOST}:{port}"
    lines = ["", f"CORTX answers at {address}", f"Admin: {address}/admin/   API: {address}/docs"]
    if settings.APP_ENV == "dev":
        lines += demo_sign_in()
    return "\n".join([*lines, f"Logs: {settings.VAR_DIR}/log", "Stop with Ctrl-C", ""])
