"""`python -m bench.attacks`: the attacks that broke an earlier program, run on this publisher through real files.

Each attack publishes with the product's own code and randomness, reads the bytes back as the aggregator does, and
uses them as well as the public parameters allow. It prints what the earlier program lost to the same attack, what is
declared here, and what the attack reached with its 99.9 % confidence bound. Exit code 1 when it beats what is declared.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import combinations
from math import log
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from bench.privacy import CANDIDATES, CONFIDENCE, advantage, area_under_curve, best_epsilon, clopper_pearson, top_shows
from netflix_trend.catalogue.readers import starter_vocabulary
from netflix_trend.history.encodings import FULL_DTYPE, Encodings, save_encodings
from netflix_trend.participant.contributions import Contribution
from netflix_trend.participant.publishing import publish_with
from netflix_trend.participant.releases import Participant, publish_due
from netflix_trend.participant.status import Outcome
from netflix_trend.periods.quarters import Quarter
from netflix_trend.periods.weeks import Week
from netflix_trend.questions.event_effect.question import EffectQuestion
from netflix_trend.questions.question import Question
from netflix_trend.questions.top_shows.question import TopShowsQuestion
from netflix_trend.questions.volume.question import VolumeQuestion
from netflix_trend.settings import load_settings
from netflix_trend.simulation.population import Population, people_at_turn, person, watched
from netflix_trend.storage.files import UnsafeFile, seconds_earlier
from netflix_trend.survey.limits import DEFAULT_ODDS, Limits
from netflix_trend.survey.release import SIZE, RefusedRelease, parse_release
from netflix_trend.survey.survey import Survey
from netflix_trend.syftbox.datasite import Datasite, read_manifest, read_published, visit

WEEK = Week.parse("2026-W46")
AGGREGATOR = "aggregator@example.org"
ROUNDS_A_YEAR = 13
ODDS = float(DEFAULT_ODDS)
NOTHING = watched(frozenset(), 0)
VOLUME = VolumeQuestion.ask(odds=DEFAULT_ODDS, weight=1)
EFFECT = EffectQuestion.ask(Quarter.of(WEEK.monday).previous, odds=DEFAULT_ODDS, weight=1)


@dataclass(frozen=True)
class Finding:
    """One attack: its target, what the earlier program lost, what is declared, what was reached."""

    attack: str
    upstream: str
    allowed: str
    reached: str
    beaten: bool

    def __str__(self) -> str:
        verdict = "BEATEN" if self.beaten else "held"
        rows = (("upstream", self.upstream), ("allowed", self.allowed), ("reached", self.reached), ("verdict", verdict))
        return "\n".join([self.attack, *(f"    {name:<10}{text}" for name, text in rows)])


# Publishing and reading back


def survey_of(question: Question, week: Week = WEEK) -> Survey:
    """Return a survey that asks everybody the one question."""
    return Survey(round=str(week), vocabulary=starter_vocabulary().version, rotation=1, questions=(question,))


def publish(root: Path, email: str, survey: Survey, contribution: Contribution) -> list[Outcome]:
    """Let one person answer on the Monday after the week, with the product's own randomness."""
    return publish_due(
        Participant(Datasite(root / "datasites", email), AGGREGATOR, root / f"{email}.jsonl", Limits(), durable=False),
        [survey],
        lambda _: contribution,
        vocabulary=survey.vocabulary,
        covered_through=survey.week.sunday,
        today=survey.week.sunday + timedelta(days=1),
    )


def read_back(root: Path, email: str, survey: Survey) -> bytes:
    """Return the payload of one person's release, read and checked as the aggregator does.

    Raises UnsafeFile or RefusedRelease when the aggregator would not take it.
    """
    question = survey.question_for(email)
    with visit(Datasite(root / "datasites", email)) as folder:
        manifest = read_manifest(folder) if folder is not None else None
        name = f"releases/{survey.round}.json"
        data = read_published(folder, manifest, name, SIZE) if folder is not None and manifest is not None else None
    if data is None or question is None:
        raise UnsafeFile("absent", f"there is no release of {survey.round}")
    return parse_release(data, survey, question)


@contextmanager
def scratch() -> Iterator[Path]:
    """Lend a folder that is empty before and gone afterwards, in memory where that is possible."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="netflix-trend-attack-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def observe(survey: Survey, contributions: Sequence[Contribution]) -> list[bytes]:
    """Return what fresh people with these weeks publish, read back from their files. Few files exist at a time."""
    payloads, emails = [], people_at_turn(survey.week)
    for start in range(0, len(contributions), 250):
        with scratch() as root:
            for contribution in contributions[start : start + 250]:
                email = next(emails)
                publish(root, email, survey, contribution)
                payloads.append(read_back(root, email, survey))
    return payloads


# What a reader of a file can compute


def reported_subsets(question: TopShowsQuestion, payloads: Sequence[bytes]) -> NDArray[np.bool_]:
    """Return bool[N, candidates + k]: which candidates and, after them, which dummies are in each reported subset."""
    subsets = np.zeros((len(payloads), len(question.candidates) + question.k), dtype=np.bool_)
    np.put_along_axis(subsets, question.channel.members(b"".join(payloads)).astype(np.intp), True, axis=1)
    return subsets


def likelihood(survey: Survey, contribution: Contribution, payloads: Sequence[bytes]) -> NDArray[np.float64]:
    """Return float64[N]: probability of each payload given the week, up to a factor that no week changes."""
    (question,) = survey.questions
    odds = float(question.odds)
    if isinstance(question, VolumeQuestion):
        reports = [payload[0] for payload in payloads]
        likely: NDArray[np.float64] = question.channel.channel()[question.bucket(contribution["volume"])]
        return likely[reports]
    if isinstance(question, EffectQuestion):
        moved = float(np.clip(float(contribution["event_effect"] or 0) / question.clip, -1, 1))
        shares = np.array([1 - abs(moved), max(moved, 0), max(-moved, 0)])  # none, up, down
        return np.asarray((1 + (odds - 1) * shares)[[payload[0] for payload in payloads]], dtype=np.float64)
    assert isinstance(question, TopShowsQuestion)
    noisy = reported_subsets(question, payloads)
    items, k = len(question.candidates), question.k
    watched = [place for place, show in enumerate(question.candidates) if show in contribution["top_shows"]]
    padded = [*watched, *range(items, items + k - len(watched))]
    weights = [np.where(noisy[:, list(chosen)].any(axis=1), odds, 1.0) for chosen in combinations(padded, k)]
    return np.asarray(np.mean(weights, axis=0), dtype=np.float64)


def most_advantage(odds: float) -> float:
    """Return the largest advantage that an odds factor allows."""
    return (odds - 1) / (odds + 1)


def posterior_limit(prior: NDArray[np.float64], odds: float = ODDS) -> NDArray[np.float64]:
    """Return how probable a guess can become at most that was `prior` before the file was read."""
    return np.asarray(odds * prior / (1 + (odds - 1) * prior), dtype=np.float64)


# The attacks


@dataclass(frozen=True)
class Pair:
    """Two weeks that the attack tries to tell apart. people: how many of each are played, by default and fast."""

    name: str
    upstream: str
    question: Question
    one: Contribution
    other: Contribution
    people: tuple[int, int]


def _week(*shows: int, titles: int = 5) -> Contribution:
    return watched(frozenset(shows), titles)


# What the first version lost (docs/method/statistics.md#the-first-version-of-this-app); its claim was odds of 1.65.
_CERTAIN = "certain: an empty history gave an all-zero file"
_UNBOUNDED = "odds of 310, unbounded in truth: 7 entries cannot come from 3 shows"
_THREE, _FOUR = _week(1, 7, 8), _week(1, 7, 8, 30)
_CHANGED = watched(frozenset(), 0, Fraction(EFFECT.clip))
PAIRS = (
    Pair("one show, or nothing", f"odds of 310; {_CERTAIN}", top_shows(1), _week(7), NOTHING, (4000, 1200)),
    Pair("one show, or another one", "odds of 718 for a whole series", top_shows(1), _week(7), _week(8), (3000, 0)),
    Pair("four shows, or three of them", _UNBOUNDED, top_shows(1), _FOUR, _THREE, (3000, 300)),
    Pair("four shows, or three, k=3", _UNBOUNDED, top_shows(3), _FOUR, _THREE, (3000, 0)),
    Pair("16 shows, or nothing, k=3", _CERTAIN, top_shows(3), _week(*range(16)), NOTHING, (1500, 0)),
    Pair("60 titles, or nothing", _CERTAIN, VOLUME, _week(titles=60), NOTHING, (3000, 400)),
    Pair("a life event that changed much, or none", "did not ask", EFFECT, _CHANGED, NOTHING, (3000, 400)),
)


def membership(fast: bool) -> list[Finding]:
    """Tell two weeks apart with the likelihood ratio of the known channel, over many fresh people."""
    findings = []
    for pair in PAIRS:
        people = pair.people[fast]
        if not people:
            continue
        survey = survey_of(pair.question)
        ratios = []
        for week in (pair.one, pair.other):
            payloads = observe(survey, [week] * people)
            ratios.append(likelihood(survey, pair.one, payloads) / likelihood(survey, pair.other, payloads))
        yes, no = ratios
        epsilon = max(best_epsilon(yes, no), best_epsilon(1 / no, 1 / yes))
        gained, least, most = advantage(yes > 1, no > 1)
        odds = float(pair.question.odds)
        findings.append(
            Finding(
                f"membership: {pair.name}",
                pair.upstream,
                f"eps {log(odds):.3f} (odds of {odds:.3g}), advantage {most_advantage(odds):.3f}",
                f"eps >= {max(0, epsilon):.3f} (odds of {np.exp(max(0, epsilon)):.3g}), advantage {gained:.3f} "
                f"({least:.3f} to {most:.3f}), {people} people each",
                epsilon > log(odds) or least > most_advantage(odds),
            )
        )
    return findings


def averaging(fast: bool) -> list[Finding]:
    """Read one person's release 20 times: published again, restarted, wiped, with rows that arrived late."""
    survey, email = survey_of(top_shows(1)), next(people_at_turn(WEEK))
    seen: set[bytes] = set()
    with scratch() as root:
        site = Datasite(root / "datasites", email)
        for number in range(20):
            week = _week(7) if number < 10 else _week(3, 4, 7, titles=40)
            if number % 4 == 1:
                shutil.rmtree(site.root)
            if number % (10 if fast else 4) == 2:
                child = multiprocessing.get_context("spawn").Process(target=publish, args=(root, email, survey, week))
                child.start()
                child.join()
            else:
                publish(root, email, survey, week)
            seen.add(b"".join((site.app_data / name).read_bytes() for name in sorted(site.published())))
        ledger = root / f"{email}.jsonl"
        ledger.unlink()
        publish(root, email, survey, _week(7))
        left = sum(name.startswith("releases/") for name in site.published())
        ledger.unlink()
        shutil.rmtree(site.root)
        again = publish(root, email, survey, _week(7))[0].status == "drawn"
    return [
        Finding(
            "averaging: one person read 20 times",
            "drawn anew at every run: the list of series exact after 10 readings, all counts after 200",
            "one file for ever; none after a lost ledger",
            f"{len(seen)} different in 20 readings, {left} after the ledger was lost: {len(seen)} x the odds of one. "
            f"Ledger and datasite lost at the same moment: {'DRAWN AGAIN (known limit)' if again else 'not drawn'}",
            len(seen) > 1 or left > 0,
        )
    ]


def reconstruction(fast: bool) -> list[Finding]:
    """Guess a week's shows from one file, knowing how often each set of shows is watched in the population."""
    people, known = (500, 4000) if fast else (3000, 20_000)
    survey = survey_of(top_shows(1))
    (week,) = Population(people, len(starter_vocabulary()), seed=1).weeks(1)
    (others,) = Population(known, len(starter_vocabulary()), seed=1).weeks(1)
    truth, prior_weeks = _watched(week.shows), _watched(others.shows)
    payloads = observe(survey, [watched(shows, int(n)) for shows, n in zip(week.shows, week.titles, strict=True)])
    noisy = reported_subsets(top_shows(1), payloads)
    # With k=1 a week names one of its candidates, or the dummy: float[known, candidates + 1], rows sum to 1.
    named = np.hstack([prior_weeks, ~prior_weeks.any(axis=1, keepdims=True)]).astype(np.float32)
    named /= named.sum(axis=1, keepdims=True)
    chance = 1 + (ODDS - 1) * noisy.astype(np.float32) @ named.T  # [people, known]
    posterior = chance @ prior_weeks.astype(np.float32) / chance.sum(axis=1, keepdims=True)
    prior = prior_weeks.mean(axis=0)
    limit = posterior_limit(prior)
    guesses = {
        "the likeliest show": (np.arange(people), posterior.argmax(axis=1)),
        "all shows likelier than not": np.nonzero(posterior > 0.5),
    }
    by_prior = float(truth[:, prior.argmax()].mean())
    findings = []
    for name, (who, what) in guesses.items():
        hits = truth[who, what]
        least, most = clopper_pearson(int(hits.sum()), len(hits)) if len(hits) else (0.0, 1.0)
        precision, allowed = (float(hits.mean()), float(limit[what].mean())) if len(hits) else (0.0, 1.0)
        findings.append(
            Finding(
                f"reconstruction from one file: {name}",
                "97 % of the watched series at 66 % precision",
                f"precision {allowed:.3f}: what odds of {ODDS:g} make of what is known of the population",
                f"precision {precision:.3f} ({least:.3f} to {most:.3f}), recall {hits.sum() / truth.sum():.3f}, "
                f"{len(hits)} guesses about {people} weeks; the likeliest show without the file: {by_prior:.3f}",
                least > allowed,
            )
        )
    return findings


def _watched(weeks: Sequence[frozenset[int]]) -> NDArray[np.bool_]:
    """Return bool[weeks, candidates]."""
    return np.array([[show in week for show in range(CANDIDATES)] for week in weeks])


def empty_weeks(fast: bool) -> list[Finding]:
    """Tell people who watched nothing from the others."""
    people = 300 if fast else 2000
    (week,) = Population(2 * people, len(starter_vocabulary()), seed=2).weeks(1)
    busy = [
        watched(shows, int(titles)) for shows, titles in zip(week.shows, week.titles, strict=True) if titles and shows
    ][:people]
    findings = []
    for question in (top_shows(1), VOLUME):
        survey = survey_of(question)
        scores = []
        for contributions in ([NOTHING] * people, busy):
            payloads = observe(survey, contributions)
            others = np.mean([likelihood(survey, other, payloads) for other in busy[:100]], axis=0)
            scores.append(likelihood(survey, NOTHING, payloads) / others)
        area, error = area_under_curve(*scores)
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        allowed = ODDS / (ODDS + 1)
        findings.append(
            Finding(
                f"empty weeks recognised: {question.name}",
                "certain: AUC 1 (an empty history gave an all-zero file)",
                f"AUC {allowed:.3f}",
                f"AUC {area:.3f} ({area - z * error:.3f} to {area + z * error:.3f}), {people} people each",
                area - z * error > allowed,
            )
        )
    return findings


_Rows = list[tuple[str, int, int, int]]  # day, title, show, kind
HISTORIES: dict[str, dict[str, _Rows]] = {
    "one show": {"me": [("2026-11-10", 0, 7, 0)]},
    "empty week": {"me": []},
    "an old history, then nothing": {"me": [(f"2019-01-{day:02d}", day, day, 0) for day in range(1, 29)]},
    "20 shows": {"me": [("2026-11-11", show, show, 0) for show in range(20)]},
    "200 views of one show": {"me": [("2026-11-12", view, 7, 0) for view in range(200)]},
    "unknown titles and trailers": {"me": [("2026-11-10", n, -1, n % 5) for n in range(30)]},
    "two profiles": {"me": [("2026-11-10", 0, 7, 0)], "kids": [("2026-11-15", n, n, 0) for n in range(9)]},
}


def _trace(root: Path, email: str, profiles: dict[str, _Rows]) -> list[tuple[object, ...]]:
    """Publish a history from encodings on disk; return what stat tells of each file.

    A time within the publisher's run counts as "now", any other must follow from the file's bytes and be the same for
    everybody without them. A second run must change nothing.
    """
    vocabulary = starter_vocabulary()
    for profile, rows in profiles.items():
        folder = root / "private" / "profiles" / profile
        folder.mkdir(parents=True)
        full = np.array(rows, dtype=FULL_DTYPE)
        vector = np.zeros(len(vocabulary), "<i4")
        save_encodings(folder, Encodings(full, vector, vocabulary.version, WEEK.sunday + timedelta(days=9)))
    settings = load_settings(
        private_dir=root / "private",
        publisher_dir=root / "publisher",
        datasites_dir=root / "datasites",
        syftbox_email=email,
        aggregator_datasite=AGGREGATOR,
    )
    (site := Datasite(root / "datasites", email)).set_up()
    began = time.time_ns() - 20_000_000  # the clock of files is coarser than the process's
    publish_with(settings, today := WEEK.sunday + timedelta(days=1))
    ended = time.time_ns() + 20_000_000
    traces, written = [], []
    for again in range(2):
        seen: list[tuple[object, ...]] = []
        # A file that is written again has another number, because the old one is there until it is replaced.
        numbers = []
        for path in sorted(site.root.rglob("*")):
            status, name = path.stat(), path.relative_to(site.root).as_posix()
            earlier = 0 if path.is_dir() else seconds_earlier(path.read_bytes())
            is_now = began <= status.st_mtime_ns <= ended
            changed = "now" if is_now else status.st_mtime_ns + earlier * 1_000_000_000
            seen.append((name, path.is_dir() or status.st_size, status.st_mode, status.st_nlink, changed))
            numbers.append((status.st_ino, status.st_mtime_ns))
        traces.append(seen)
        written.append(numbers)
        if not again:
            publish_with(settings, today)
    return traces[0] if traces[0] == traces[1] and written[0] == written[1] else [*traces[0], *traces[1]]


def metadata(_fast: bool) -> list[Finding]:
    """Compare names, sizes, modes, numbers and times of files between histories of all kinds."""
    emails = [person(number) for number in range(2)]
    traces = set()
    for email in emails:
        for profiles in HISTORIES.values():
            with scratch() as root:
                traces.add((email, tuple(_trace(root, email, profiles))))
    different = len(traces) - len(emails)
    return [
        Finding(
            "metadata: names, sizes, modes, number and times of files",
            "the published keys were the set of watched titles in 30 of 30; one file a profile",
            "the same for every history, before and after a second run",
            f"{different} differences between {len(HISTORIES)} histories of {len(emails)} people",
            different > 0,
        )
    ]


def habit(fast: bool) -> list[Finding]:
    """Multiply the odds of a year, to tell who watches the same show every week from who never does.

    The aggregator asks everybody in every one of 52 weeks: their turns leave 13 reports.
    """
    people = 15 if fast else 100
    surveys = [survey_of(top_shows(1), WEEK + number) for number in range(52)]
    ratios = np.ones((2, people, len(surveys)))
    answered = np.zeros((2, people), dtype=np.int64)
    for side, week in enumerate((_week(7), NOTHING)):
        for number, email in zip(range(people), people_at_turn(WEEK), strict=False):
            with scratch() as root:
                for survey in surveys:
                    if publish(root, email, survey, week)[0].status == "drawn":
                        payload = [read_back(root, email, survey)]
                        ratio = likelihood(survey, _week(7), payload) / likelihood(survey, NOTHING, payload)
                        ratios[side, number, answered[side, number]] = ratio[0]
                        answered[side, number] += 1
    findings = []
    for rounds in (1, 4, ROUNDS_A_YEAR):
        yes, no = ratios[:, :, :rounds].prod(axis=2)
        gained, least, most = advantage(yes > 1, no > 1)
        largest = max(float(yes.max()), float(1 / no.min()))
        bound = ODDS**rounds
        findings.append(
            Finding(
                f"habit: the same show in each of {rounds} rounds",
                "a new draw at every run: certain",
                f"odds of {ODDS:g}^{rounds} = {bound:.3g}, advantage {most_advantage(bound):.4f}; "
                f"at most {ROUNDS_A_YEAR} reports a year" + ("; a habit is declared not hidden" if rounds > 1 else ""),
                f"odds of {np.median(yes):.3g} in the median, {largest:.3g} at most; advantage {gained:.3f} "
                f"({least:.3f} to {most:.3f}), {people} people each; {answered.max()} of 52 rounds answered",
                largest > bound * (1 + 1e-9) or least > most_advantage(bound) or answered.max() > ROUNDS_A_YEAR,
            )
        )
    return findings


ATTACKS: dict[str, Callable[[bool], list[Finding]]] = {
    "membership": membership,
    "averaging": averaging,
    "reconstruction": reconstruction,
    "empty_weeks": empty_weeks,
    "metadata": metadata,
    "habit": habit,
}


def main(arguments: Sequence[str]) -> int:
    """Run the chosen attacks; returns 1 when one of them beats what is declared."""
    parser = argparse.ArgumentParser(prog="python -m bench.attacks", description=__doc__)
    parser.add_argument("attacks", nargs="*", help=f"any of {', '.join(ATTACKS)} (all)")
    parser.add_argument("--fast", action="store_true", help="fewer people: seconds instead of a minute or two")
    options = parser.parse_args(arguments)
    unknown = set(options.attacks) - set(ATTACKS)
    if unknown:
        parser.error(f"there is no attack {', '.join(sorted(unknown))}; there are {', '.join(ATTACKS)}")
    beaten = 0
    for name in options.attacks or ATTACKS:
        began = time.perf_counter()
        try:
            findings = ATTACKS[name](options.fast)
        except (UnsafeFile, RefusedRelease) as problem:
            print(f"{name}: the aggregator would refuse a release: {problem}")
            return 1
        for finding in findings:
            print(finding)
        print(f"    ({time.perf_counter() - began:.0f} s)")
        beaten += sum(finding.beaten for finding in findings)
    print(f"\n{beaten} attacks beat what is declared" if beaten else "\nNo attack beats what is declared.")
    return 1 if beaten else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
