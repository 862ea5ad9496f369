"""How many connections fit into a limit of open files."""

import pytest

from duologue.kit.open_files import room


@pytest.mark.parametrize("files", [16, 64, 200, 256, 400, 1024, 4096, 20_000, 1 << 20])
def test_there_is_always_room_for_other_files_and_for_requests(files: int) -> None:
    fits = room(files)
    assert 0 < fits.sockets < fits.connections < files
    assert files - fits.connections >= min(128, files // 2)
    # what one turn of the loop may take before it can refuse any of it
    assert fits.connections + fits.backlog < files


def test_who_wants_fewer_gets_fewer_and_nobody_gets_more() -> None:
    assert room(20_000, 1000).connections == 1000
    assert room(20_000, 1000).sockets == 900
    assert room(1024, 100_000) == room(1024)


def test_a_large_limit_holds_ten_thousand_sockets() -> None:
    assert room(20_000).sockets > 10_000
    assert room(20_000).backlog == 2048
