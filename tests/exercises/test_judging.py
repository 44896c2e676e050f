"""The queue: who takes what and when, the lease, what is recorded, and what becomes of our own faults."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import Progress
from exercises import judging
from exercises.grading.report import CaseResult, Outcome, Report, Verdict
from exercises.models import Grading, Worker
from exercises.sandbox.interface import SandboxBroken
from tests import factories
from tests.exercises.test_submitting import together

pytestmark = pytest.mark.db

LIVE, TRIAL, REGRADE = Grading.Lane


def queue(enrollment, exercise, lane=LIVE, **fields):
    if lane == TRIAL:
        return Grading.objects.create(
            enrollment=enrollment,
            version=exercise.current,
            files=factories.make_submission(enrollment, exercise).files,
            purpose="trial",
            lane=lane,
            **{"queued_at": timezone.now(), **fields},
        )
    purpose = "regrade" if lane == REGRADE else "live"
    return factories.make_grading(
        factories.make_submission(enrollment, exercise), purpose=purpose, lane=lane, **fields
    )


def make_worker(name="w@uno", **fields):
    now = timezone.now()
    defaults = {"started_at": now, "beat_at": now, "slots": 1, "can_grade": True}
    return Worker.objects.create(name=name, **{**defaults, **fields})


def report(score=10.0, verdict=Verdict.ACCEPTED):
    case = CaseResult("saluda", Outcome.PASSED if score else Outcome.WRONG, hidden=False, weight=1)
    return Report(verdict, score, 10.0, [case], seconds=0.2, memory_bytes=4096, tools={"python": "3.11"})


def lapse(grading):
    Grading.objects.filter(pk=grading.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


# --- who takes what -----------------------------------------------------------------------------------------


def test_live_comes_before_trial_before_regrade_whatever_the_time(cast, exercise):
    last = queue(cast.ana_enrolled, exercise, REGRADE, queued_at=timezone.now() - timedelta(hours=2))
    middle = queue(cast.ana_enrolled, exercise, TRIAL, queued_at=timezone.now() - timedelta(hours=1))
    first = queue(cast.blas_enrolled, exercise, LIVE)
    assert [judging.claim("w").pk for _ in range(2)] == [first.pk, middle.pk]
    make_worker(slots=4)
    assert judging.claim("w").pk == last.pk


def test_within_a_lane_who_came_first_is_first(cast, exercise):
    now = timezone.now()
    second = queue(cast.ana_enrolled, exercise, queued_at=now)
    first = queue(cast.blas_enrolled, exercise, queued_at=now - timedelta(seconds=1))
    assert [judging.claim("w").pk for _ in range(2)] == [first.pk, second.pk]


def test_one_person_does_not_take_all_slots(cast, exercise, settings):
    settings.MAX_RUNNING_PER_USER = 1
    queue(cast.ana_enrolled, exercise)
    hers = queue(cast.ana_enrolled, exercise)
    his = queue(cast.blas_enrolled, exercise)
    judging.claim("w")
    assert judging.claim("w").pk == his.pk
    assert judging.claim("w") is None
    settings.MAX_RUNNING_PER_USER = 2
    assert judging.claim("w").pk == hers.pk


def test_a_regrade_that_runs_does_not_keep_its_student_waiting(cast, exercise):
    queue(cast.ana_enrolled, exercise, REGRADE)
    judging.claim("w")
    live = queue(cast.ana_enrolled, exercise)
    assert judging.claim("w").pk == live.pk


def test_a_regrade_leaves_the_last_slot_to_those_who_wait(cast, exercise, settings):
    settings.MAX_RUNNING_PER_USER = 1
    make_worker(slots=2)
    queue(cast.ana_enrolled, exercise)
    queue(cast.ana_enrolled, exercise)
    regrade = queue(cast.blas_enrolled, exercise, REGRADE)
    judging.claim("w")
    assert judging.claim("w") is None  # the student's second one waits, one slot is left, it stays free
    Worker.objects.update(slots=3)
    assert judging.claim("w").pk == regrade.pk


def test_a_regrade_starts_on_a_single_slot_where_nobody_waits(cast, exercise):
    make_worker(slots=1)
    regrade = queue(cast.ana_enrolled, exercise, REGRADE)
    assert judging.claim("w").pk == regrade.pk


def test_an_empty_queue_gives_nothing(db):
    assert judging.claim("w") is None


@pytest.mark.django_db(transaction=True)
def test_only_one_worker_grades(enrollment, exercise):
    waits = queue(enrollment, exercise)
    results = together(*[lambda: judging.claim("w")] * 4)
    assert [result.pk for result in results if result is not None] == [waits.pk]


@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_together_take_different_gradings(cast, exercise):
    queue(cast.ana_enrolled, exercise)
    queue(cast.blas_enrolled, exercise)
    queue(cast.diego_enrolled, exercise)
    results = together(*[lambda: judging.claim("w")] * 3)
    assert len({result.pk for result in results if result is not None}) == 3


def test_a_worker_whose_machine_cannot_run_jails_takes_nothing(enrollment, exercise):
    queue(enrollment, exercise)
    make_worker("roto@uno", can_grade=False)
    assert judging.claim("roto@uno") is None
    assert judging.claim("sano@uno") is not None


def test_a_claim_asks_the_database_few_things_however_long_the_queue(
    cast, exercise, django_assert_max_num_queries
):
    for _ in range(20):
        queue(cast.ana_enrolled, exercise)
    with django_assert_max_num_queries(5):
        judging.claim("w")


def test_the_place_in_the_queue_counts_who_is_before(cast, exercise):
    regrade = queue(cast.ana_enrolled, exercise, REGRADE)
    trial = queue(cast.ana_enrolled, exercise, TRIAL)
    live = queue(cast.blas_enrolled, exercise, LIVE)
    assert [judging.queue_position(grading) for grading in (live, trial, regrade)] == [1, 2, 3]
    assert judging.queue_position(judging.claim("w")) is None


def test_what_waits_can_be_withdrawn_and_what_runs_cannot(cast, exercise):
    runs = queue(cast.ana_enrolled, exercise)
    judging.claim("w")
    waits = queue(cast.ana_enrolled, exercise)
    assert judging.cancel(waits)
    assert not judging.cancel(runs)
    waits.refresh_from_db()
    assert waits.status == "cancelled"
    assert waits.settled_at is not None


# --- the lease ----------------------------------------------------------------------------------------------


def test_a_claim_is_a_lease_by_the_clock_of_the_database(enrollment, exercise, settings):
    settings.LEASE_SECONDS = 30
    queue(enrollment, exercise)
    grading = judging.claim("w@uno")
    assert (grading.status, grading.worker, grading.tries) == ("grading", "w@uno", 1)
    assert grading.lease_until - grading.started_at == timedelta(seconds=30)


def test_a_beat_makes_the_lease_longer(enrollment, exercise):
    queue(enrollment, exercise)
    grading = judging.claim("w")
    lapse(grading)
    assert judging.beat(grading)
    assert not Grading.objects.lapsed().exists()


def test_a_lapsed_grading_goes_back_and_its_late_result_is_refused(enrollment, exercise):
    queue(enrollment, exercise)
    late = judging.claim("w@uno")
    lapse(late)
    judging.sweep()
    second = judging.claim("w@dos")
    assert second.pk == late.pk
    assert not judging.beat(late)
    assert not judging.record(late, report(0.0, Verdict.REJECTED))
    assert judging.record(second, report())
    second.refresh_from_db()
    assert (second.verdict, second.tries) == ("accepted", 2)


def test_the_result_of_a_lapsed_lease_counts_while_nobody_took_the_grading_back(enrollment, exercise):
    queue(enrollment, exercise)
    grading = judging.claim("w")
    lapse(grading)
    assert judging.record(grading, report())


def test_a_result_is_recorded_once(enrollment, exercise):
    queue(enrollment, exercise)
    grading = judging.claim("w")
    assert judging.record(grading, report())
    assert not judging.record(grading, report(0.0, Verdict.REJECTED))


def test_after_the_last_lost_lease_the_fault_is_ours(enrollment, exercise, settings):
    settings.GRADING_TRIES = 3
    waits = queue(enrollment, exercise)
    for _ in range(3):
        lapse(judging.claim("w"))
        judging.sweep()
    waits.refresh_from_db()
    assert (waits.status, waits.verdict, waits.tries) == ("failed", "", 3)
    assert waits.fault
    assert judging.claim("w") is None
    assert waits.submission.current is None


def test_a_sweep_leaves_gradings_alone_whose_worker_lives(enrollment, exercise):
    queue(enrollment, exercise)
    judging.claim("w")
    judging.sweep()
    assert Grading.objects.running().count() == 1


def test_a_sweep_rings_at_most_once_for_each_free_slot(cast, exercise, settings):
    settings.MAX_RUNNING_PER_USER = 50
    make_worker(slots=2)
    assert judging.sweep() == 0
    for _ in range(30):
        queue(cast.ana_enrolled, exercise)
    assert judging.sweep() == 2
    judging.claim("w")
    assert judging.sweep() == 1
    judging.claim("w")
    assert judging.sweep() == 0


@pytest.mark.parametrize("fields", [{"can_grade": False}, {"beat_at": "2026-01-01T00:00Z"}])
def test_slots_of_workers_that_cannot_grade_or_are_gone_are_not_free(db, fields):
    make_worker(slots=4, **fields)
    assert judging.free_slots() == 0


# --- what is recorded ---------------------------------------------------------------------------------------


def graded(submission, score=10.0, verdict=Verdict.ACCEPTED, **fields):
    factories.make_grading(submission, **fields)
    grading = judging.claim("w")
    assert judging.record(grading, report(score, verdict), sandbox_digest="abc")
    grading.refresh_from_db()
    return grading


def test_a_verdict_its_report_and_what_ran_are_kept(enrollment, exercise):
    grading = graded(factories.make_submission(enrollment, exercise))
    assert (grading.status, grading.verdict, grading.score, grading.max_score) == (
        "graded",
        "accepted",
        10,
        10,
    )
    assert grading.report["cases"][0]["name"] == "saluda"
    assert (grading.wall_seconds, grading.memory_bytes) == (0.2, 4096)
    assert (grading.sandbox_digest, grading.tools) == ("abc", {"python": "3.11"})
    assert (grading.token, grading.lease_until) == (None, None)
    assert grading.settled_at >= grading.started_at


def test_a_live_grading_becomes_the_current_one_and_moves_progress(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    grading = graded(submission, 4.0, Verdict.PARTIAL)
    submission.refresh_from_db()
    assert submission.current == grading
    row = Progress.objects.get(enrollment=enrollment, file=exercise.file)
    assert (row.points, row.max_points, row.is_done) == (4, 10, False)


def test_full_points_make_the_exercise_done_and_a_later_attempt_does_not_undo_it(enrollment, exercise):
    graded(factories.make_submission(enrollment, exercise))
    graded(factories.make_submission(enrollment, exercise), 0.0, Verdict.REJECTED)
    row = Progress.objects.get(enrollment=enrollment, file=exercise.file)
    assert (row.points, row.is_done) == (10, True)


@pytest.mark.parametrize("purpose", ["trial", "dry_run"])
def test_trials_and_dry_runs_count_for_nothing(enrollment, exercise, purpose):
    submission = factories.make_submission(enrollment, exercise)
    kept = {"submission": None} if purpose == "trial" else {"submission": submission}
    Grading.objects.create(
        enrollment=enrollment,
        version=exercise.current,
        files=submission.files,
        purpose=purpose,
        lane=TRIAL,
        queued_at=timezone.now(),
        **kept,
    )
    assert judging.record(judging.claim("w"), report())
    submission.refresh_from_db()
    assert submission.current is None
    assert not Progress.objects.exists()


def test_a_regrade_becomes_current_and_nothing_is_overwritten(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    first = graded(submission, 4.0, Verdict.PARTIAL)
    second = graded(submission, purpose="regrade", lane=REGRADE)
    submission.refresh_from_db()
    first.refresh_from_db()
    assert submission.current == second
    assert (first.score, first.verdict) == (4, "partial")


def test_a_regrade_that_fails_leaves_the_verdict_that_stood(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    first = graded(submission)
    factories.make_grading(submission, purpose="regrade", lane=REGRADE)
    judging.record(judging.claim("w"), report(0.0, Verdict.INTERNAL_ERROR))
    submission.refresh_from_db()
    assert submission.current == first


def test_an_older_regrade_that_settles_last_does_not_win(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    factories.make_grading(submission, purpose="regrade", lane=REGRADE)
    factories.make_grading(submission, purpose="regrade", lane=REGRADE)
    older, newer = judging.claim("w"), judging.claim("w")
    judging.record(newer, report())
    judging.record(older, report(0.0, Verdict.REJECTED))
    submission.refresh_from_db()
    assert submission.current_id == newer.pk


def by_a_person(submission, person, score=7.0):
    grading = factories.make_grading(
        submission,
        purpose="manual",
        status="graded",
        verdict="partial",
        score=score,
        max_score=10,
        person=person,
        settled_at=timezone.now(),
        reason="Lo explicó de palabra.",
    )
    judging.settle(submission.pk)
    return grading


def test_points_from_a_person_stand_through_a_regrade_until_they_are_withdrawn(cast, enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    graded(submission, 4.0, Verdict.PARTIAL)
    manual = by_a_person(submission, cast.carla)
    regrade = graded(submission, 2.0, Verdict.PARTIAL, purpose="regrade", lane=REGRADE)
    submission.refresh_from_db()
    assert submission.current == manual
    assert Progress.objects.get().points == 7
    Grading.objects.filter(pk=manual.pk).update(status="cancelled")
    judging.settle(submission.pk)
    submission.refresh_from_db()
    assert submission.current == regrade
    assert Progress.objects.get().points == 2


def test_recording_is_all_or_nothing(enrollment, exercise, monkeypatch):
    queue(enrollment, exercise)
    grading = judging.claim("w")

    def breaks(*_given):
        raise RuntimeError

    monkeypatch.setattr(judging.progress, "record", breaks)
    with pytest.raises(RuntimeError):
        judging.record(grading, report())
    grading.refresh_from_db()
    assert grading.status == "grading"
    assert grading.submission.current is None


def test_recording_asks_the_database_few_things(enrollment, exercise, django_assert_max_num_queries):
    graded(factories.make_submission(enrollment, exercise))
    queue(enrollment, exercise)
    grading = judging.claim("w")
    with django_assert_max_num_queries(10):
        judging.record(grading, report())


# --- grading, and our faults --------------------------------------------------------------------------------


class IdleSandbox:
    """A sandbox in which nothing runs: the grading itself is replaced."""

    def digest(self):
        return "d" * 64


@pytest.fixture
def graded_by(monkeypatch):
    """Replaces what grades: a function of the same arguments, or what it raises."""

    def replace(outcome):
        def grade(*given, **named):
            if isinstance(outcome, Exception):
                raise outcome
            return outcome(*given, **named) if callable(outcome) else outcome

        monkeypatch.setattr(judging, "grade", grade)
        monkeypatch.setattr(judging.slots, "sandbox", IdleSandbox)

    return replace


def grade_next():
    grading = judging.claim("w@uno")
    judging.grade_claimed(grading)
    grading.refresh_from_db()
    return grading


def test_what_was_handed_in_is_graded_by_the_files_of_its_version(enrollment, exercise, graded_by):
    seen = []

    def grade(spec, files, folder, sandbox, **named):
        seen.append((spec.kind, dict(files), dict(folder), named["visible_only"]))
        return report()

    graded_by(grade)
    queue(enrollment, exercise)
    grading = grade_next()
    assert seen == [("program", {"main.py": b"print(1)\n"}, {"exercise.yml": b"format: 1\n"}, False)]
    assert (grading.status, grading.sandbox_digest) == ("graded", "d" * 64)


def test_a_trial_runs_the_visible_cases_alone(enrollment, exercise, graded_by):
    seen = []
    graded_by(lambda *_given, visible_only, **_named: seen.append(visible_only) or report())
    queue(enrollment, exercise, TRIAL)
    grade_next()
    assert seen == [True]


@pytest.mark.parametrize("fault", [SandboxBroken("sin cgroup"), RuntimeError("un error nuestro")])
def test_a_fault_of_ours_is_tried_again_and_then_failed(enrollment, exercise, graded_by, settings, fault):
    settings.GRADING_TRIES = 2
    queue(enrollment, exercise)
    graded_by(fault)
    assert grade_next().status == "queued"
    grading = grade_next()
    assert (grading.status, grading.verdict) == ("failed", "")
    assert str(fault) in grading.fault
    assert grading.submission.current is None


def test_a_fault_that_passes_leaves_no_trace_in_the_verdict(enrollment, exercise, graded_by):
    queue(enrollment, exercise)
    graded_by(SandboxBroken("sin cgroup"))
    grade_next()
    graded_by(report())
    grading = grade_next()
    assert (grading.status, grading.verdict, grading.fault) == ("graded", "accepted", "")


def test_a_worker_whose_sandbox_broke_takes_nothing_until_it_has_looked_at_its_machine(
    enrollment, exercise, graded_by
):
    make_worker("w@uno")
    queue(enrollment, exercise)
    graded_by(SandboxBroken("sin cgroup"))
    grade_next()
    assert judging.claim("w@uno") is None
    assert Worker.objects.get().reason == "sin cgroup"


def test_an_exercise_that_is_at_fault_is_failed_at_once_with_its_report(enrollment, exercise, graded_by):
    queue(enrollment, exercise)
    graded_by(Report(Verdict.INTERNAL_ERROR, 0, 10, message="Fallo nuestro.", fault="el corrector lanzó"))
    grading = grade_next()
    assert (grading.status, grading.verdict, grading.fault) == ("failed", "", "el corrector lanzó")
    assert grading.report["message"] == "Fallo nuestro."


@pytest.mark.django_db(transaction=True)
def test_a_grading_whose_lease_was_lost_ends_at_its_next_step(enrollment, exercise, graded_by, settings):
    settings.HEARTBEAT_SECONDS = 0.01
    queue(enrollment, exercise)
    reached = []

    def grade(*_given, on_step, **_named):
        Grading.objects.update(token=uuid.uuid4())
        for _ in range(500):
            on_step("Caso 1 de 1")
            time.sleep(0.01)
        reached.append("end")
        return report()

    graded_by(grade)
    assert grade_next().status == "grading"
    assert reached == []


def test_steps_are_written_a_few_times_not_each_time(
    enrollment, exercise, graded_by, django_assert_max_num_queries
):
    queue(enrollment, exercise)

    def grade(*_given, on_step, **_named):
        with django_assert_max_num_queries(1):
            for number in range(200):
                on_step(f"Caso {number}")
        return report()

    graded_by(grade)
    assert grade_next().status == "graded"


# --- regrades -----------------------------------------------------------------------------------------------


def test_a_regrade_is_made_once_for_each_submission_that_the_new_version_has_not_graded(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    factories.grade(submission)
    assert judging.regrade([submission]) == 0
    exercise.current = factories.make_version(exercise)
    exercise.save()
    assert judging.regrade([submission]) == 1
    assert judging.regrade([submission]) == 0
    made = submission.gradings.get(purpose="regrade")
    assert (made.version, made.files, made.lane) == (exercise.current, submission.files, REGRADE)


def test_what_failed_for_us_is_regraded_by_the_same_version(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    factories.make_grading(submission, status="failed", settled_at=timezone.now())
    assert judging.regrade([submission]) == 1


def test_a_regrade_can_be_asked_for_again_but_not_twice_at_once(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    factories.grade(submission)
    assert judging.regrade([submission], again=True) == 1
    assert judging.regrade([submission], again=True) == 0


# --- what the workers say -----------------------------------------------------------------------------------


def test_without_workers_grading_is_off(db):
    state = judging.grading_state()
    assert (state.workers, state.is_on) == (0, False)
    assert "ningún corrector" in state.reason


def test_one_worker_that_can_grade_is_enough(db):
    make_worker("roto@uno", can_grade=False, reason="No hay nsjail.")
    assert judging.grading_state().reason == "No hay nsjail."
    make_worker("sano@uno", warnings=[{"what": "Sin grupos.", "remedy": "Arranca como root."}])
    state = judging.grading_state()
    assert (state.workers, state.is_on, state.reason) == (2, True, "")
    assert state.warnings == ("Sin grupos. Arranca como root.",)
