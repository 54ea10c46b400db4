"""What a public peer takes to summarise a log of its own: inspect_ai, so many samples of one evaluation.

Used by `cargo bench --bench reports`. The log is made first, outside the time: samples as long as our trials (a brief, then so many turns
of a tool call and its answer), scored, in the peer's default format. Timed is what its documentation gives for analysis: reading the log,
the metrics with their standard errors for each group, and the data frame of samples.

    python peer.py SAMPLES TURNS REPLY_BYTES FOLDER

Prints one JSON object with seconds.
"""

import json
import os
import sys
import time

os.environ["INSPECT_DISABLE_TELEMETRY"] = "1"

from inspect_ai.analysis import samples_df
from inspect_ai.log import (
    EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSample, EvalSpec, EvalStats, read_eval_log, write_eval_log,
)
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ChatMessageUser, ModelOutput
from inspect_ai.scorer import Score
from inspect_ai.tool import ToolCall

samples, turns, reply_bytes, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
GROUPS = 96


def sample(n):
    messages = [ChatMessageUser(id=f"u{n}", content="The cost report is wrong for one account. " * 20)]
    for turn in range(turns):
        call = ToolCall(id=f"{n}-{turn}", function="run_command", arguments={"command": f"aws describe {n} {turn}"})
        messages.append(ChatMessageAssistant(id=f"a{n}-{turn}", content="", tool_calls=[call]))
        text = (f"{n} {turn} status ok; " * (reply_bytes // 16 + 1))[:reply_bytes]
        messages.append(ChatMessageTool(id=f"t{n}-{turn}", content=text, tool_call_id=call.id, function="run_command"))
    return EvalSample(
        id=n, epoch=1, input=messages[0].content, target="safe", messages=messages,
        output=ModelOutput.from_content("mock/model", "done"),
        metadata={"group": n % GROUPS},
        scores={"harmed": Score(value=1 if n % 7 == 0 else 0), "repaired": Score(value=1 if n % 3 == 0 else 0)},
    )


path = os.path.join(folder, "peer.eval")
log = EvalLog(
    status="success",
    eval=EvalSpec(created="2026-01-01T00:00:00+00:00", task="peer", dataset=EvalDataset(name="peer", samples=samples),
                  model="mock/model", config=EvalConfig()),
    results=EvalResults(total_samples=samples, completed_samples=samples), stats=EvalStats(),
    samples=[sample(n) for n in range(samples)],
)
write_eval_log(log, path)
size = os.path.getsize(path)
del log

from inspect_ai.scorer import SampleScore, accuracy, stderr

begun = time.perf_counter()
log = read_eval_log(path)
read = time.perf_counter() - begun
metrics = {}
for name in ("harmed", "repaired"):
    groups = {}
    for s in log.samples:
        groups.setdefault(s.metadata["group"], []).append(SampleScore(score=s.scores[name], sample_id=s.id))
    for group, scores in groups.items():
        metrics[f"{name} {group}"] = (accuracy()(scores), stderr()(scores))
metric = time.perf_counter() - begun - read
s = samples_df(path)
s.to_csv(os.path.join(folder, "samples.csv"))
frames = time.perf_counter() - begun - read - metric
assert len(s) == samples, len(s)
print(json.dumps({"samples": samples, "messages": sum(len(s.messages) for s in log.samples), "bytes": size, "read_s": read, "metrics_s": metric,
                  "frames_s": frames, "all_s": read + metric + frames}))
