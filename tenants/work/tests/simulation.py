"""A seeded simulation of workers that claim, lose and finish work, on the real functions and a real PostgreSQL.

Every simulated worker is a thread of which one at a time runs, from one SQL statement to the next, as the seed says.
Between any two statements, and on either side of a COMMIT, a worker may be killed, frozen for longer than its lease, or
find its session ended by the server. Bells get lost and doubled. Time is the simulation's: `Now` of the services is
replaced, the broker too, and nobody sleeps; the rest is real, because most faults of such code lie between two
statements, where a model of it would have none.
"""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from unittest.mock import patch
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from tenants.audit.services import audit_append
from tenants.context import tenant_scope
from tenants.models import Effect, Tenant, Work
from tenants.scoping import new_id
from tenants.work.effects import effect_once
from tenants.work.services import Claim, owner_register, work_enqueue, work_extend, work_finish, work_ring_due
from tenants.work.task import attempt
from tenants.work.tests.promises import Witness, ends, overlooking
from tenants.work.tests.simulated_worker import BEGINNING, Clock, Killed, Worker

KIND = "tests.simulated"
WORKERS = 3
# Virtual seconds: when the server ends an idle transaction, and how long quiet may take to end all work.
IDLE_SECONDS, QUIET_SECONDS = 60, 1200


@dataclass(frozen=True)
class Plan:
    """What a unit of work will do: at which attempts it fails or ends its worker, how often it extends its lease, and
    whether it has an effect outside."""

    name: int
    fails: frozenset[int]
    kills: frozenset[int]
    extends: int
    effect: bool


@dataclass
class Simulation:
    """One schedule. `run` carries it out; `trace` is what happened, the same for the same seed."""

    seed: int
    tenant: Tenant
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random, self.clock, self.witness = Random(self.seed), Clock(), Witness(self.tenant)
        self.bells: list[UUID] = []
        self.plans: dict[UUID, Plan] = {}
        self.keys: dict[UUID, set[UUID]] = {}
        self.faults: Counter[str] = Counter()

    def run(self) -> list[str]:
        """Chaos first, then quiet until all work has ended; the promises that were not kept."""
        with ExitStack() as stack:
            stack.enter_context(patch("tenants.work.services.Now", self.clock.now))
            stack.enter_context(patch("tenants.work.services.ring", self.ring))
            stack.enter_context(patch("tenants.availability.sleep", lambda seconds: None))
            stack.enter_context(connection.execute_wrapper(self.clock.around))
            stack.enter_context(overlooking(self.tenant))
            for number in range(self.random.randint(1, 4)):
                self.enqueue(number)
            self.workers = [Worker(number, self.clock, self.answer) for number in range(WORKERS)]
            for worker in self.workers:
                stack.callback(worker.dismiss)
            for _ in range(self.random.randint(30, 150)):
                self.chaos()
            over = self.quiet()
            with tenant_scope(self.tenant.id):
                names = {work_id: plan.name for work_id, plan in self.plans.items()}
                return self.witness.broken + ends(names, self.keys) + ([] if over else ["work is left over"])

    def ring(self, kind: str, work_id: UUID, request_id: str) -> None:
        self.bells.append(work_id)

    def note(self, what: str) -> None:
        self.trace.append(f"{(self.clock.time - BEGINNING).total_seconds():7.1f} {what}")

    def enqueue(self, number: int) -> None:
        attempts = range(1, settings.WORK_MAX_ATTEMPTS + 1)
        likely = self.random.choice((0, 0.15, 0.15, 1))
        bad = [one for one in attempts if self.random.random() < likely]
        kills = frozenset(one for one in bad if self.random.random() < 0.3)
        with transaction.atomic():
            work = work_enqueue(tenant_id=self.tenant.id, kind=KIND, reference=new_id(), due_at=self.clock.time)
        # Some have failed before: what happens at the last attempt would otherwise be rare.
        Work.objects.filter(id=work.id).update(attempt=self.random.randrange(settings.WORK_MAX_ATTEMPTS))
        extends, effect = self.random.randrange(3), self.random.random() < 0.5
        self.plans[work.id] = Plan(number, frozenset(bad), kills, extends, effect)
        self.keys[work.id] = set()

    # What a worker does

    def answer(self, worker: Worker, work_id: UUID) -> None:
        def pipeline(claim: Claim) -> None:
            worker.claim = claim
            self.witness.begins(claim)
            self.carry_out(claim, self.plans[work_id])

        attempt(pipeline, work_id)

    def carry_out(self, claim: Claim, plan: Plan) -> None:
        for _ in range(plan.extends):
            work_extend(claim)
        if plan.effect:
            effect_once(claim, "call", lambda key: self.call(claim, key))
        if claim.attempt in plan.kills:
            raise Killed
        if claim.attempt in plan.fails:
            raise ValueError(f"attempt {claim.attempt} fails")
        self.decide(claim)

    def decide(self, claim: Claim) -> None:
        with tenant_scope(claim.tenant_id), transaction.atomic():
            work_finish(claim)
            audit_append("tenant.changed", self.tenant, {"decided": str(claim.work_id), "attempt": claim.attempt})

    def call(self, claim: Claim, key: UUID) -> str:
        """The other side. A call that was under way when the work passed on may come late; it has the same key."""
        self.keys[claim.work_id].add(key)
        with tenant_scope(claim.tenant_id):
            confirmed = Effect.objects.get(key=key).status == Effect.Status.CONFIRMED
        self.witness.sends(claim, confirmed=confirmed)
        return "done"

    def bury(self, reference: UUID, reason: str) -> None:
        """Told by the services when work dies, in the transaction that buries it."""
        audit_append("tenant.changed", self.tenant, {"buried": str(reference), "reason": reason})

    # What befalls it

    def chaos(self) -> None:
        """One thing happens."""
        self.clock.pass_by(self.random.choice((0, 0, 0, 0.2, 3)))
        what = self.random.choices(
            (self.work_on, self.freeze, self.kill, self.cut, self.lose_bell, self.double_bell, self.relay),
            (100, 4, 3, 1, 3, 4, 6),
        )[0]
        what()
        self.time_out()

    def quiet(self) -> bool:
        """No more faults; the frozen wake up, late. Whether all work has ended within the time it may take."""
        end = self.clock.time + timedelta(seconds=QUIET_SECONDS)
        while self.clock.time < end:
            if self.work_on():
                self.clock.pass_by(0.1)
            elif self.ended():
                return True
            else:
                self.clock.pass_by(5)
                self.relay()
            self.time_out()
        return False

    def ended(self) -> bool:
        left = Work.objects.filter(id__in=self.plans).exclude(status__in=(Work.Status.DONE, Work.Status.DEAD))
        return not left.exists() and not any(worker.busy for worker in self.workers)

    def awake(self) -> list[Worker]:
        return [one for one in self.workers if not one.blocked and not one.frozen]

    def work_on(self) -> bool:
        """A worker carries out its next statement, or hears a bell; False when none can."""
        able = [worker for worker in self.awake() if worker.busy or self.bells]
        if not able:
            return False
        worker = self.random.choice(able)
        if not worker.busy:
            worker.hear(self.bells.pop(self.random.randrange(len(self.bells))))
            self.note(f"{worker.number} hears of {self.plans[worker.bell].name}")  # type: ignore[index]
        # Whoever waits for a lock may go on when this step frees it, and what it does then is not this worker's.
        alone = not any(one.blocked for one in self.workers)
        claim = worker.claim if alone else None
        worker.proceed()
        self.witness.look(claim, self.clock.time)
        self.unblock()
        return True

    def unblock(self) -> None:
        """Whoever waited for a lock that is free now comes to its next stop."""
        for worker in self.workers:
            if worker.blocked:
                worker.settle()
                self.witness.look(None, self.clock.time)

    def victim(self, what: str) -> Worker | None:
        able = [worker for worker in self.awake() if worker.busy]
        if not able:
            return None
        worker = self.random.choice(able)
        self.suffers(worker, what)
        return worker

    def suffers(self, worker: Worker, what: str) -> None:
        self.faults[what] += 1
        self.note(f"{worker.number} {what}")

    def freeze(self) -> None:
        if worker := self.victim("freezes"):
            worker.freeze(settings.WORK_LEASE_SECONDS * self.random.choice((0.5, 1.5, 4)))

    def kill(self) -> None:
        if worker := self.victim("is killed"):
            worker.kill()
            self.unblock()

    def cut(self) -> None:
        if worker := self.victim("is cut off"):
            worker.cut_off()
            self.unblock()

    def time_out(self) -> None:
        """The server ends the sessions of those who froze inside a transaction."""
        longest = timedelta(seconds=IDLE_SECONDS)
        for worker in self.workers:
            if worker.frozen and worker.in_transaction and self.clock.time - worker.frozen_at > longest:
                self.suffers(worker, "is timed out")
                worker.cut_off()
        self.unblock()

    def lose_bell(self) -> None:
        if self.bells:
            self.faults["lost bell"] += 1
            self.bells.pop()

    def double_bell(self) -> None:
        if self.bells:
            self.faults["doubled bell"] += 1
            self.bells.append(self.random.choice(self.bells))

    def relay(self) -> None:
        work_ring_due()


def simulated(seed: int, tenant: Tenant) -> Simulation:
    """The schedule of this seed, carried out. Raises `AssertionError` with seed and trace when a promise broke."""
    Work.objects.all().delete()
    simulation = Simulation(seed, tenant)
    owner_register(KIND, simulation.bury)
    broken = simulation.run()
    assert not broken, "\n".join([f"seed {seed}", *broken, *simulation.trace[-60:]])
    return simulation
