"""What a public peer takes to have so many conversations with a model at once: inspect_ai, at the stand-in of `cargo bench --bench models`.

Its own client, tools and log; the same number of turns, each with one tool that answers at once. Timed is its `eval`, log included, once its
imports are done.

    python peer_model.py URL TRIALS IN_FLIGHT TURNS FOLDER

Prints one JSON object: seconds, and what it had resident at the most.
"""

import json
import os
import resource
import sys
import time

os.environ["INSPECT_DISABLE_TELEMETRY"] = "1"

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, execute_tools, get_model
from inspect_ai.solver import solver
from inspect_ai.tool import tool

url, trials, in_flight, turns, folder = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]


@tool
def run_command():
    async def execute(command: str):
        """Runs a command line.

        Args:
            command: The line.
        """
        return "hello\n"

    return execute


@tool
def finish():
    async def execute(outcome: str, summary: str):
        """Ends the work.

        Args:
            outcome: How it went.
            summary: In words.
        """
        return "done"

    return execute


@solver
def conversation():
    async def solve(state, generate):
        model = get_model()
        tools = [run_command(), finish()]
        for _ in range(turns):
            output = await model.generate(state.messages, tools)
            state.messages.append(output.message)
            answers = await execute_tools(state.messages, tools)
            state.messages.extend(answers.messages)
        state.completed = True
        return state

    return solve


samples = [Sample(input="The cost report is wrong for one account.", id=n) for n in range(trials)]
model = get_model(
    "openai-api/standin/m", base_url=url, api_key="none", config=GenerateConfig(max_connections=in_flight, max_retries=0)
)
begun = time.perf_counter()
logs = eval(
    Task(dataset=samples, solver=conversation()), model=model, display="none", log_dir=folder, max_samples=in_flight,
)
took = time.perf_counter() - begun
assert logs[0].status == "success", logs[0].error
mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"seconds": round(took, 3), "resident_mib": mib}))
