import pytest

from courses.rendering import BrokenLock, Lock, LockRow, Reference, digest_of, merge

HEADER = b"repository\tpath\tfirst\tlast\tsymbol\tsha256\n"
OLD, NEW, OTHER = (digest_of(text) for text in (b"old", b"new", b"other"))
A = Reference("envoy", "a.cc", 1, 2)


def row(sha256=OLD, symbol="f", reference=A):
    return LockRow(reference, symbol, sha256)


def line(first, sha256=OLD, last=None, path="a.cc", symbol="f"):
    return f"envoy\t{path}\t{first}\t{last or first}\t{symbol}\t{sha256}\n".encode()


def test_a_lock_is_written_as_it_is_read():
    content = HEADER + line(1) + line(2, symbol="") + line(10)
    assert Lock.parse(content).dump() == content


def test_rows_are_sorted_by_number_not_by_text():
    assert Lock.parse(HEADER + line(10) + line(9)).dump() == HEADER + line(9) + line(10)


def test_a_row_that_is_there_twice_counts_once():
    assert Lock.parse(HEADER + line(1) + line(1)).dump() == HEADER + line(1)


def test_an_empty_lock_is_its_title_line():
    assert Lock().dump() == HEADER
    assert Lock.parse(HEADER) == Lock()


@pytest.mark.parametrize(
    ("content", "at", "remedy"),
    [
        (b"", 1, "títulos"),
        (b"path\tfirst\n", 1, "títulos"),
        (HEADER + line(1) + b"envoy\ta.cc\t1\n", 3, "columnas"),
        (HEADER + b"\n", 2, "columnas"),
        (HEADER + line(1).replace(b"\n", b"\r\n"), 2, "huella"),
        (HEADER + line(0), 2, "desde 1"),
        (HEADER + line(9, last=3), 2, "de menor a mayor"),
        (HEADER + line("x"), 2, "desde 1"),
        (HEADER + line(1, sha256="ABC"), 2, "SHA-256"),
        (HEADER + line(1, path=""), 2, "ruta"),
        (HEADER + line(1) + line(1, sha256=NEW), 3, "otra huella"),
        (HEADER + line(1) + b"\xff\n", 3, "UTF-8"),
    ],
)
def test_a_broken_lock_names_the_line_and_the_remedy(content, at, remedy):
    with pytest.raises(BrokenLock) as broken:
        Lock.parse(content)
    [(number, message)] = broken.value.errors
    assert number == at
    assert remedy in message


def test_all_broken_lines_are_named_at_once():
    with pytest.raises(BrokenLock) as broken:
        Lock.parse(HEADER + line(0) + line(1) + line(2, sha256="x"))
    assert [number for number, _ in broken.value.errors] == [2, 4]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected", "conflicts"),
    [
        (None, None, row(), row(), 0),
        (None, row(), None, row(), 0),
        (None, row(), row(), row(), 0),
        (None, row(NEW), row(OTHER), row(NEW), 1),
        (None, row(symbol="mine"), row(symbol="theirs"), row(symbol="mine"), 0),
        (row(), row(), row(), row(), 0),
        (row(), None, row(), None, 0),
        (row(), row(), None, None, 0),
        (row(), None, None, None, 0),
        (row(), row(NEW), row(), row(NEW), 0),
        (row(), row(), row(NEW), row(NEW), 0),
        (row(), row(NEW), row(NEW), row(NEW), 0),
        (row(), row(NEW), row(OTHER), row(NEW), 1),
        (row(), None, row(NEW), row(NEW), 0),
        (row(), row(NEW), None, row(NEW), 0),
    ],
)
def test_rows_merge(base, mine, theirs, expected, conflicts):
    locks = (Lock.of([r] if r else []) for r in (base, mine, theirs))
    merged, found = merge(*locks)
    assert list(merged.rows.values()) == ([expected] if expected else [])
    assert len(found) == conflicts


def test_a_conflict_carries_all_three_rows():
    _, [conflict] = merge(Lock.of([row()]), Lock.of([row(NEW)]), Lock.of([row(OTHER)]))
    assert (conflict.reference, conflict.base, conflict.mine, conflict.theirs) == (
        A,
        row(),
        row(NEW),
        row(OTHER),
    )


def test_rows_of_different_lines_never_conflict():
    mine = row(NEW, reference=Reference("envoy", "a.cc", 1, 3))
    merged, conflicts = merge(Lock(), Lock.of([mine]), Lock.of([row()]))
    assert set(merged.rows) == {A, mine.reference}
    assert conflicts == []


def test_new_rows_take_the_place_of_old_ones():
    lock = Lock.of([row()]).with_rows([row(NEW)])
    assert list(lock.rows.values()) == [row(NEW)]


def test_a_path_in_other_letters_is_recognised():
    lock = Lock.of([row()])
    assert lock.differently_spelled(Reference("envoy", "A.cc", 7, 8)) == "a.cc"
    assert lock.differently_spelled(Reference("envoy", "a.cc", 7, 8)) is None
    assert lock.differently_spelled(Reference("envoy", "b.cc", 7, 8)) is None
