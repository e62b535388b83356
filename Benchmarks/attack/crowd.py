"""Thousands of connections in one thread: opened at a bounded rate, kept alive by `step`, opened again when the gateway closes them."""

import select
import time

import wire


def crowd(options, per_second, open_one, step=None, every=1.0):
    """Runs until the attack ends.

    `open_one(number)` returns a connected socket or raises OSError. `step(connection)`, once every so many seconds for each
    connection, sends something more. Returns the counts.
    """
    wire.raise_descriptor_limit()
    until = wire.begin(options)
    counts, pace = wire.Counts(), wire.Pace(per_second)
    connections, poll, opened = {}, select.epoll(), 0
    next_step = time.monotonic() + every

    def drop(descriptor, name):
        poll.unregister(descriptor)
        connections.pop(descriptor).close()
        counts.add(name)

    while (now := time.monotonic()) < until:
        if len(connections) < options.connections:
            pace.take(1)
            try:
                connection = open_one(opened)
                poll.register(connection.fileno(), select.EPOLLIN | select.EPOLLRDHUP)
                connections[connection.fileno()] = connection
                counts.add("opened")
            except OSError:
                counts.add("not opened")
            opened += 1
        for descriptor, _ in poll.poll(0 if len(connections) < options.connections else 0.05, 256):
            if ended(connections[descriptor], counts):
                drop(descriptor, "closed by the gateway")
        if step and now > next_step:
            next_step = now + every
            for descriptor in list(connections):
                try:
                    step(connections[descriptor])
                except OSError:
                    drop(descriptor, "closed by the gateway")
    counts.add("open at the end", len(connections))
    return counts.values


def ended(connection, counts):
    """Reads what the gateway sent. Returns whether it closed the connection; notes the status of an answer."""
    try:
        data = connection.recv(65536)
    except (BlockingIOError, TimeoutError):
        return False
    except OSError as error:
        return "WANT_READ" not in str(error) and "did not complete" not in str(error)
    if data.startswith(b"HTTP/1.1 "):
        counts.add(f"answered {data[9:12].decode()}")
    return not data
