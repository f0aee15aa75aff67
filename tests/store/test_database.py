"""What is written stays, whatever happens; what is wrong with a file is said, and the file is left alone."""

import os
import pickle
import random
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest

from sktune.exceptions import StoreError
from sktune.store import Result, Store

RESULT = Result("key", "problem", "run", 3, 1, {"lr": 0.1}, {"status": "ok", "test_scores": 0.1 + 0.2})


def entry(number, size=10):
    return Result(f"key {number}", "problem", "run", number, 0, {"lr": number / 7}, {"text": "x" * size})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def test_what_is_added_is_found_also_by_another_connection(path):
    store = Store(path)
    assert store.find("key") is None
    store.add(RESULT, b"\0weights")
    for reader in (store, Store(path), pickle.loads(pickle.dumps(store))):
        assert reader.find("key") == RESULT.record
        assert reader.find_blob("key") == b"\0weights"
        assert [found for found, _ in reader.results()] == [RESULT]
    assert list(store.results("another problem")) == []


def test_the_first_result_of_a_key_stays(path):
    store = Store(path)
    store.add(RESULT)
    store.add(RESULT._replace(record={"status": "failed"}))
    assert store.find("key") == RESULT.record


def test_dropped_bytes_are_gone_and_their_results_stay(path):
    store = Store(path)
    store.add(RESULT, b"weights")
    store.drop_blobs(["key", "unknown"])
    assert store.find_blob("key") is None
    assert store.find("key") == RESULT.record


def test_a_run_keeps_its_first_content(path):
    store = Store(path)
    assert store.begin_run("run", {"seed": 1}) == {"seed": 1}
    assert Store(path).begin_run("run", {"seed": 2}) == {"seed": 1}


def test_floats_come_back_bit_for_bit(path):
    store, numbers = Store(path), [0.1 + 0.2, 1e-320, float("inf"), -0.0, 2.0**-1074, float("nan")]
    store.add(RESULT._replace(record={"numbers": numbers}))
    assert list(map(repr, store.find("key")["numbers"])) == list(map(repr, numbers))


def test_several_threads_and_processes_write_at_once(path):
    code = "import sys; from sktune.store import Store, Result; store = Store(sys.argv[1])\nfor i in range(60): "
    code += "store.add(Result(f'key {i}', 'p', 'r', i, 0, {}, {'i': i})); assert store.find(f'key {i}') == {'i': i}"
    others = [subprocess.Popen([sys.executable, "-c", code, path]) for _ in range(2)]
    store = Store(path)

    def write(first):
        for i in range(first, first + 60):
            store.add(Result(f"key {i}", "p", "r", i, 0, {}, {"i": i}))

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 30, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(120) for other in others] == [0, 0]
    assert sorted(found.candidate for found, _ in store.results()) == list(range(120))


@pytest.mark.parametrize("attempt", range(5))
def test_many_threads_make_the_file_at_once(path, attempt):
    errors = []

    def make(number):
        try:
            Store(path).add(entry(number))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(list(Store(path).results())) == 8


@pytest.mark.parametrize("bad", ["missing/store.db", "."])
def test_a_path_that_cannot_be_a_file_is_named(bad, tmp_path):
    with pytest.raises(StoreError, match="storage="):
        Store(tmp_path / bad)


def test_another_kind_of_file_is_left_alone(path):
    path.write_bytes(b"my thesis, chapter one\n" * 100)
    with pytest.raises(StoreError, match="left as it is"):
        Store(path)
    assert path.read_bytes() == b"my thesis, chapter one\n" * 100


def test_a_database_of_something_else_is_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE addresses (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="database of something else"):
        Store(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_newer_layout_is_not_touched(path):
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"layout 99.*reads up to 1.*newer sktune"):
        Store(path)
    assert path.read_bytes() == before


def test_a_changed_entry_is_noticed(path):
    store = Store(path)
    store.add(RESULT, b"weights")
    store.begin_run("run", {"seed": 1})
    store._connection.execute("UPDATE results SET record = replace(record, '0.3', '0.4')")
    store._connection.execute("UPDATE blobs SET data = x'00'")
    store._connection.execute("UPDATE runs SET content = '{\"seed\":2}'")
    for read in (lambda: store.find("key"), lambda: list(store.results()), lambda: store.find_blob("key")):
        with pytest.raises(StoreError, match="damaged"):
            read()
    with pytest.raises(StoreError, match="damaged"):
        store.begin_run("run", {"seed": 1})


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_never_gives_another_answer(path, seed):
    """Flip bytes anywhere: every answer is the true one, or an error, and reading does not make it worse."""
    store = Store(path)
    truth = {}
    for number in range(40):
        store.add(entry(number, size=200), b"weights" * 100)
        truth[f"key {number}"] = {"text": "x" * 200}
    store.close()
    rng, data = random.Random(seed), bytearray(path.read_bytes())
    for _ in range(10 ** (seed % 4)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    copy = path.with_name("copy.db")  # of another file this process does not know yet whether it is sound
    copy.write_bytes(data)
    answers = list(read_all(copy, truth))
    wrong = [answer for key, answer in zip(truth, answers, strict=False) if answer not in (truth[key], None, "error")]
    assert not wrong  # a damaged key is not found, and its work is done again
    assert "error" in answers or seed % 4 < 2  # a thousand flipped bits do not go unnoticed


def read_all(path, keys):
    before = path.read_bytes()
    try:
        store = Store(path)
    except StoreError:
        assert path.read_bytes() == before
        yield "error"
        return
    for key in keys:
        try:
            yield store.find(key)
        except StoreError:
            yield "error"


def run_child(code, *arguments, **settings):
    code = "import sys, resource\nfrom sktune.store import Store, Result\n" + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, **settings)


def test_a_full_disk_is_an_error_that_loses_nothing(path):
    """A quota of the process' files stands for the disk: SQLite is told the same."""
    child = run_child(
        """
        import signal
        from sktune.exceptions import StoreError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = Store(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
        for number in range(10_000):
            try:
                store.add(Result(f"key {number}", "p", "r", number, 0, {}, {"text": "x" * 2000}))
            except StoreError as error:
                print(number, error)
                assert store.find("key 0") == {"text": "x" * 2000}
                break
        """,
        path,
    )
    number, _, message = child.stdout.partition(" ")
    assert child.returncode == 0, child.stderr
    assert "cannot be written" in message
    assert int(number) > 50
    store = Store(path)
    assert [found.candidate for found, _ in store.results()] == list(range(int(number)))
    store.add(RESULT)  # there is space again
    assert store.find("key") == RESULT.record


def test_a_forked_process_opens_its_own_connection(path):
    store = Store(path)
    store.add(entry(0))
    connection, child = store._connection, os.fork()
    if child == 0:
        try:
            store.add(entry(1))
            os._exit(0 if store._connection is not connection and store.find("key 0") else 1)
        except BaseException:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    store.add(entry(2))
    assert sorted(found.candidate for found, _ in store.results()) == [0, 1, 2]
