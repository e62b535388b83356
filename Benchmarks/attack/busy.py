"""The control: keeps processors busy and sends the gateway nothing. What honest senders lose to it they lose to the load of the machine.

`--processors` says how much it takes; `run` says for each attack how much its program took. It works in threads of other processes,
5 ms at a time, so that it competes as an attacker that reads and writes does.
"""

import os
import time

import wire

SLICE = 0.005


def work(share, until):
    """Takes `share` of a processor: runs for that part of each slice."""
    while time.monotonic() < until:
        end = time.monotonic() + SLICE
        begin = time.thread_time()
        while time.thread_time() - begin < share * SLICE and time.monotonic() < until:
            pass
        time.sleep(max(0.0, end - time.monotonic()))


def main():
    options = wire.parser(__doc__)
    options.add_argument("--processors", type=float, default=1.0)
    options = options.parse_args()
    until = wire.begin(options)
    count = max(1, round(options.processors + 0.49))
    for _ in range(count - 1):
        if os.fork() == 0:
            work(options.processors / count, until)
            os._exit(0)
    work(options.processors / count, until)
    wire.finish()


main()
