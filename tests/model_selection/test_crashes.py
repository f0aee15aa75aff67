"""A search is killed at a random moment; begun again, it ends with what it would have found, and repeats no work."""

import json
import os
import random
import signal
import time
from contextlib import suppress

import pytest
from crash_lab import Lab, began, finished

KINDS = ("bayes", "freeze-thaw", "hyperband", "population")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("lab"))


def check_resumed(lab, kind, storage):
    done = finished(storage)
    found, tasks = lab.run(kind, storage)
    assert found == lab.whole(kind)[0]
    assert not done & set(tasks), "what had finished was trained again"
    assert len(tasks) == len(set(tasks))


@pytest.mark.parametrize("seed", range(12))
def test_killed_at_a_random_moment(seed, lab, tmp_path):
    rng, kind = random.Random(seed), KINDS[seed % len(KINDS)]
    _, seconds = lab.whole(kind)
    process, _ = lab.start(kind, tmp_path / "search.db")
    time.sleep(rng.uniform(0, 0.9 * seconds))
    process.kill()
    process.join()
    check_resumed(lab, kind, tmp_path / "search.db")


@pytest.mark.parametrize("seed", range(12))
def test_killed_inside_a_write(seed, lab, tmp_path):
    rng, kind = random.Random(seed), KINDS[seed % len(KINDS)]
    process, _ = lab.start(kind, tmp_path / "search.db", die_in_statement=rng.randrange(1, 60))
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    check_resumed(lab, kind, tmp_path / "search.db")


@pytest.mark.parametrize("seed", range(4))
def test_killed_again_and_again(seed, lab, tmp_path):
    rng, kind = random.Random(seed), KINDS[seed % len(KINDS)]
    for _ in range(5):
        process, _ = lab.start(kind, tmp_path / "search.db", die_in_statement=rng.randrange(1, 60))
        process.join(120)
    check_resumed(lab, kind, tmp_path / "search.db")


@pytest.mark.parametrize("seed", range(4))
def test_the_disk_is_full(seed, lab, tmp_path):
    """What was written before is still there when there is space again."""
    kind, storage = KINDS[seed % len(KINDS)], tmp_path / "search.db"
    found, _ = lab.run(kind, storage, quota=random.Random(seed).randrange(70_000, 130_000))
    assert found["outcome"].startswith("StoreError"), found["outcome"]
    assert "cannot be written" in found["outcome"]
    assert finished(storage)
    check_resumed(lab, kind, storage)


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_on_one_store(kind, lab, tmp_path):
    storage, (_, seconds) = tmp_path / "search.db", lab.whole(kind)
    first, first_folder = lab.start(kind, storage)
    second, second_folder = lab.start(kind, storage)
    survivor = second
    if kind in KINDS[::2]:
        time.sleep(seconds / 3)
        first.kill()
    first.join(120)
    second.join(120)
    assert survivor.exitcode == 0
    tasks = [*began(first_folder), *began(second_folder)]
    assert set(tasks) >= finished(storage)
    check_resumed(lab, kind, storage)
    assert lab.run(kind, storage)[1] == []


@pytest.mark.parametrize("seed", range(8))
def test_ctrl_c_at_a_random_moment(seed, lab, tmp_path):
    rng, kind, storage = random.Random(seed), KINDS[seed % len(KINDS)], tmp_path / "search.db"
    whole, seconds = lab.whole(kind)
    process, folder = lab.start(kind, storage)
    time.sleep(rng.uniform(0, seconds))
    with suppress(ProcessLookupError):  # it was faster than before
        os.kill(process.pid, signal.SIGINT)
    process.join(120)
    if process.exitcode == 0:  # otherwise it had not come to the search, or was about to leave
        check_interrupted(folder, whole)
    check_resumed(lab, kind, storage)


def check_interrupted(folder, whole):
    """The results are those of what had finished, and the best of them is refitted."""
    found = json.loads((folder / "results.json").read_text())
    if found["outcome"] == "nothing finished":
        return
    scores, statuses = found["results"]["mean_test_score"], found["results"]["status"]
    known = dict(zip(zip(*keys_of(whole["results"]), strict=True), whole["results"]["mean_test_score"], strict=True))
    for key, score, status in zip(zip(*keys_of(found["results"]), strict=True), scores, statuses, strict=True):
        if status == "ok":
            assert known[key] == score
    if "ok" in statuses:
        assert len(found["predictions"]) == 150


def keys_of(results):
    return [column for name, column in sorted(results.items()) if name.startswith("param_")]
