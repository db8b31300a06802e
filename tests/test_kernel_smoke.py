from sqlalchemy import text


def test_database(database):
    with database.write() as c:
        c.execute(text("select 1"))


def test_clock(in_virtual_time):
    async def t(clock):
        s = clock.signal()

        async def other():
            await clock.sleep(5)
            s.set()
            return 3

        task = clock.spawn(other(), "o")
        a = clock.now()
        assert not await s.wait(1)
        assert (clock.now() - a).total_seconds() == 1
        assert await s.wait(100)
        await clock.join(task)
        assert (clock.now() - a).total_seconds() == 5
        import pytest

        with pytest.raises(TimeoutError):
            async with clock.timeout(3):
                await clock.sleep(10)
        assert (clock.now() - a).total_seconds() == 8
        return task.result()

    assert in_virtual_time(t) == 3
