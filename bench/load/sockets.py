"""The socket load: pairs that talk over `/ws/chat/{room}/`. Run as `python -m bench.load.sockets`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from bench.load import compiled, talker
from bench.load.clocks import Stopwatch, latency
from bench.load.plans import Load, SocketPlan
from bench.load.recording import Recording
from bench.load.verdict import judge


def run(plan: SocketPlan) -> Load:
    """Run the plan with the compiled client where there is a compiler, else with the one in Python, and judge."""
    program = compiled.build() if plan.compiled else None
    watch, recordings = talker.record(plan) if program is None else compiled.record(program, plan)
    return _judge(recordings, plan, watch)


def _judge(recordings: Sequence[Recording], plan: SocketPlan, watch: Stopwatch) -> Load:
    pairs = list(zip(recordings[::2], recordings[1::2], strict=True))
    verdicts = [judge(pair, plan) for pair in pairs]
    delivered = [sample for a, b in pairs for one, other in ((a, b), (b, a)) for sample in _ages(one, other)]
    acked = [sample for recording in recordings for sample in _ages(recording, recording)]
    arrived = [age for moment, age in delivered if watch.covers(moment)]
    sizes = sorted(len(frame) for frame in recordings[0].frames)
    return Load(
        rate=len(arrived) / watch.seconds,
        total=sum(len(recording.sent_at) for recording in recordings),
        seconds=watch.seconds,
        delivery=latency(arrived),
        ack=latency([age for moment, age in acked if watch.covers(moment)]),
        client_cpu=watch.client_cpu,
        server_cpu=watch.server_cpu,
        noise=watch.noise,
        frame_bytes=sizes[len(sizes) // 2] if sizes else 0,
        traces=[trace for _, trace in verdicts if trace is not None],
        faults=[fault for faults, _ in verdicts for fault in faults],
    )


def _ages(sender: Recording, receiver: Recording) -> list[tuple[float, float]]:
    """Return (moment of arrival, seconds since the send) of the sender's messages; n-th arrival is the n-th sent."""
    mark = sender.mark.encode()
    moments = [moment for moment, frame in zip(receiver.moments, receiver.frames, strict=True) if mark in frame]
    return [(moment, moment - sent) for moment, sent in zip(moments, sender.sent_at, strict=False)]


def main() -> None:
    """Read the plan, run it, print what came of it."""
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=SocketPlan)
    sys.stdout.buffer.write(msgspec.json.encode(run(plan)))


if __name__ == "__main__":
    main()
