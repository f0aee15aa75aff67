"""The file that outlives a search: an SQLite database of finished evaluations, which several processes may write.

Every write is one transaction in SQLite's write-ahead log: what has been written stays, whatever happens to the process
afterwards, and what was being written is either there or not. Rows carry a checksum, because the file may be copied and
kept for years.
"""

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .._utils.paths import as_path, check_place
from ..exceptions import StoreError

#: Marks the files of this library, and the layout of their tables.
APPLICATION_ID, SCHEMA_VERSION = 0x736B746E, 1
#: Seconds to wait while other processes write.
_PATIENCE = 60.0
#: Files that this process has found sound and writable, by path, device and number: that takes reading all of them.
_CHECKED: set[tuple[Path, int, int]] = set()
#: In place of the number of a split.
ALL_SPLITS = -1
_SCHEMA = f"""
CREATE TABLE problems (key TEXT PRIMARY KEY, description TEXT NOT NULL, checksum BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (key TEXT PRIMARY KEY, content TEXT NOT NULL, checksum BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE results (
    key TEXT PRIMARY KEY, problem TEXT NOT NULL, run TEXT NOT NULL, candidate INTEGER NOT NULL, split INTEGER NOT NULL,
    params TEXT NOT NULL, record TEXT NOT NULL, written REAL NOT NULL, checksum BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX results_by_problem ON results (problem);
CREATE TABLE blobs (key TEXT PRIMARY KEY, data BLOB NOT NULL, checksum BLOB NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


class Result(NamedTuple):
    """One finished evaluation, or a piece of one.

    Parameters
    ----------
    key : str
        Fingerprint of all that it depends on.
    problem : str
        Key of the problem, see `Store.describe_problem`.
    run : str
        Key of the search that wrote it.
    candidate, split : int
        Numbers within this search. `ALL_SPLITS` stands for what became of the candidate as a whole.
    params : dict
        The candidate's parameters, as JSON can tell them.
    record : dict
        What is known of it, as JSON can tell it.
    """

    key: str
    problem: str
    run: str
    candidate: int
    split: int
    params: dict[str, Any]
    record: dict[str, Any]


class Store:
    """Results in one file.

    Parameters
    ----------
    path : str or path-like
        Name of the file; it is made if there is none. It has to lie on a disk of this machine: SQLite's log does not
        work over a network.

    Raises
    ------
    TypeError
        If `path` is neither a str nor path-like.
    ValueError
        If `path` cannot be the name of a file, such as ":memory:" or a URL.
    StoreError
        If the file cannot be opened, is no store, is damaged, or was written by a newer version; it stays as it is.

    Notes
    -----
    A store owns one connection to its file. It opens it at once, and whoever made the store closes it: with `close`, or
    as a context manager. A store that is garbage closes itself. A use after `close` opens the file again. The first
    store of a file in a process reads all of the file to see whether it is sound; later ones are opened in a fraction
    of a millisecond.

    Threads may share a store: they take turns. Processes may write to one file at once; each needs a store of its own.
    A pickled store is opened anew where it is unpickled; a forked process opens its own connection at the first use.

    If the file is deleted or replaced while it is open, the next use opens the file that has this name then; a missing
    file is created. What was in the old file is not copied.

    While a store is open, the latest results may be in the file beside it whose name ends in "-wal". To copy a store,
    close it before, or copy both files while nobody writes.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = as_path(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and number of the file that the connection has open
        with self._reading():  # complain at once
            pass

    def __getstate__(self):
        return {"path": self.path}

    def __setstate__(self, state):
        self.__init__(state["path"])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __del__(self):
        if getattr(self, "_connection", None) is not None:
            self.close()

    # -- results ------------------------------------------------------------------------------------------------------

    def find(self, key: str) -> dict[str, Any] | None:
        """Return the record of a result, None if there is none."""
        with self._reading() as connection:
            row = connection.execute("SELECT params, record, checksum FROM results WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        self._verify(row[2], key, *row[:2])
        return json.loads(row[1])

    def add(self, result: Result, blob: bytes | None = None) -> None:
        """Write a result, and what belongs to it, unless there is one of its key already."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(result))
            if blob is not None:
                values = (result.key, blob, _checksum(result.key, blob))
                connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", values)

    def replace(self, results: Iterable[Result]) -> None:
        """Write results in the place of those that their keys have."""
        rows = [_row(result) for result in results]
        if rows:
            with self._transaction() as connection:
                connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def results(self, problem: str | None = None) -> Iterator[tuple[Result, float]]:
        """Return all results, or those of one problem, and when they were written, in that order."""
        where, values = ("", ()) if problem is None else ("WHERE problem = ?", (problem,))
        columns = "key, problem, run, candidate, split, params, record, written, checksum"
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {columns} FROM results {where} ORDER BY written, key", values).fetchall()
        for *begin, params, record, written, checksum in rows:
            self._verify(checksum, begin[0], params, record)
            yield Result(*begin, json.loads(params), json.loads(record)), written

    def latest_record(self, run: str) -> dict[str, Any]:
        """Return the record that a search has written last about a split; an empty one if there is none."""
        order = "WHERE run = ? AND split >= 0 ORDER BY written DESC, key LIMIT 1"
        with self._reading() as connection:
            row = connection.execute(f"SELECT key, params, record, checksum FROM results {order}", (run,)).fetchone()
        if row is None:
            return {}
        self._verify(row[3], *row[:3])
        return json.loads(row[2])

    # -- what belongs to them -----------------------------------------------------------------------------------------

    def find_blob(self, key: str) -> bytes | None:
        """Return the bytes that were stored with a result, None if there are none (any more)."""
        with self._reading() as connection:
            row = connection.execute("SELECT data, checksum FROM blobs WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        self._verify(row[1], key, row[0])
        return row[0]

    def add_blob(self, key: str, data: bytes) -> None:
        """Store bytes under a key, unless there are some already."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", (key, data, _checksum(key, data)))

    def drop_blobs(self, keys: Iterable[str]) -> None:
        """Forget bytes that are of no more use; their results stay."""
        keys = [(key,) for key in keys]
        if keys:
            with self._transaction() as connection:
                connection.executemany("DELETE FROM blobs WHERE key = ?", keys)

    # -- problems and runs --------------------------------------------------------------------------------------------

    def describe_problem(self, key: str, description: dict[str, Any]) -> None:
        """Note in words what a problem's key stands for."""
        self._add_text("problems", "description", key, description)

    def problems(self) -> dict[str, dict[str, Any]]:
        """Return the descriptions of all problems, by their keys."""
        with self._reading() as connection:
            rows = connection.execute("SELECT key, description, checksum FROM problems").fetchall()
        for key, text, checksum in rows:
            self._verify(checksum, key, text)
        return {key: json.loads(text) for key, text, _ in rows}

    def begin_run(self, key: str, content: dict[str, Any]) -> dict[str, Any]:
        """Note what a search starts from, and return it: as it was first noted, if it was begun before."""
        self._add_text("runs", "content", key, content)
        return self.find_run(key)

    def find_run(self, key: str) -> dict[str, Any] | None:
        """Return what a search started from, None if it was not begun."""
        with self._reading() as connection:
            row = connection.execute("SELECT content, checksum FROM runs WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        self._verify(row[1], key, row[0])
        return json.loads(row[0])

    def _add_text(self, table, column, key, value):
        text = _to_json(value)
        values = (key, text, _checksum(key, text))
        with self._transaction() as connection:
            connection.execute(f"INSERT OR IGNORE INTO {table} (key, {column}, checksum) VALUES (?, ?, ?)", values)

    # -- the connection -----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")  # wait for others now, and not in the middle
            try:
                yield connection
            except BaseException:
                _roll_back(connection)
                raise
            try:
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection, and explain what goes wrong with the file."""
        with self._lock:
            try:
                if self._connection is not None and _identity(self.path) != self._file:
                    with contextlib.suppress(sqlite3.Error):  # or the log would be taken for that of the new file
                        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    self.close()
                if self._connection is None:
                    self._connection = _connect(self.path)
                    self._file = _identity(self.path)
                    _OPEN.add(self)
                yield self._connection
            except sqlite3.Error as error:
                raise StoreError(f"{_explain(self.path, error)} ({error})") from error

    def _verify(self, checksum: bytes, *parts: str | bytes) -> None:
        if checksum != _checksum(*parts):
            raise StoreError(f"the store {self.path} is damaged: an entry has a wrong checksum; it was left as it is")


#: Stores that may have an open connection.
_OPEN: weakref.WeakSet[Store] = weakref.WeakSet()
#: Connections that a fork has brought along: SQLite must neither use nor close them here.
_OF_PARENTS: list[sqlite3.Connection] = []


def _leave_to_parent():
    """Let a forked process open connections of its own; other threads may have held the locks, and are not here."""
    for store in _OPEN:
        store._lock = threading.RLock()
        if store._connection is not None:
            _OF_PARENTS.append(store._connection)
            store._connection = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return which file has a name now; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    check_place(path, "storage", StoreError)
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file; complain about any other that is not ours. Nothing is written before that."""
    connection.execute("BEGIN")  # another process may be making the file just now
    try:
        is_new = _is_empty(connection)
        _check_kind(connection, path)
    finally:
        _roll_back(connection)
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")  # what is said to be stored survives a power cut too
    file = (path, *(_identity(path) or ()))
    if is_new or file not in _CHECKED:
        _make_tables(connection)
        _check_all(connection, path)
        _CHECKED.add(file)


def _make_tables(connection):
    connection.execute("BEGIN IMMEDIATE")  # fails where nothing can be written, too
    try:
        if _is_empty(connection):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
    finally:
        connection.execute("COMMIT")


def _check_all(connection, path):
    (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if problem != "ok":
        raise StoreError(f"the store {path} is damaged: {problem}; it was left as it is")


def _write_ahead(connection):
    """Turn on the log; while another process does so, SQLite does not wait as it does elsewhere."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _check_kind(connection, path):
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise StoreError(
            f"the store {path} has layout {version}, and this version of sktune reads up to {SCHEMA_VERSION}: "
            "install a newer sktune, or use another file"
        )
    if application != APPLICATION_ID and not _is_empty(connection):
        raise StoreError(f"{path} is a database of something else, not a store of sktune; it was left as it is")


def _is_empty(connection):
    return connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def _roll_back(connection):
    with contextlib.suppress(sqlite3.Error):  # SQLite may have done so by itself
        connection.execute("ROLLBACK")


def _explain(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return f"the store {path} is damaged, or is no store; it was left as it is"
    if "readonly" in text or "unable to open" in text or "access" in text:
        return f"the store {path} cannot be used: its folder, and the file, must be readable and writable"
    if "full" in text or "disk I/O" in text:
        return f"the store {path} cannot be written: the disk is full or fails; what was written before is kept"
    if "locked" in text or "busy" in text:
        return f"the store {path} has been locked by another program for {_PATIENCE:.0f} seconds"
    return f"the store {path} cannot be used"


def _row(result: Result) -> tuple:
    params, record = _to_json(result.params), _to_json(result.record)
    return (*result[:5], params, record, time.time(), _checksum(result.key, params, record))


def _to_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _checksum(*parts: str | bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()
