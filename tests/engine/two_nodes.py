"""A Ray cluster of two nodes on this machine, one of which is killed in the middle of the work.

A program of its own: Ray starts many processes, and a failure of its own may end the one that it is in.
"""

import json
import sys
import time
from pathlib import Path

from reverie.core.console import Console
from reverie.core.seeds import numpy_generator
from reverie.engine.crew import Crew
from reverie.verbs.capture import CaptureJob, capture

TASKS = 30
SCALES = {task: 0.1 * task for task in range(TASKS)}
CAPTURE = {"env": "CartPole-v1", "episodes": 4, "size": 16, "seed": 5}
MEMORY = 80 * 2**20


def draws(worker):
    """What a task draws depends on its number and on what it brings."""

    def work(task, scale=1.0):
        time.sleep(0.1)
        return (scale * numpy_generator(3, "draw", task).normal(size=4)).tolist()

    return work


class Listening(Console):
    """Remembers what it was warned of."""

    def __init__(self):
        self.heard = []

    def warn(self, text):
        self.heard.append(text)


def work_while_a_node_dies(cluster, node, console):
    """Both rounds of tasks; the node is killed, without notice, when a quarter of the first round is done."""
    done = {}
    with Crew(executor="ray", workers=3, address=cluster.address).open(draws, "draw", console) as executor:
        for task, result in executor.work_through(range(TASKS)):
            done[task] = result
            if len(done) == TASKS // 4:
                cluster.remove_node(node, allow_graceful=False)
        second = dict(executor.work_through(SCALES))
    return done, second


def main(folder):
    from ray.cluster_utils import Cluster

    sizes = {"object_store_memory": MEMORY, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **sizes})
    try:
        node = cluster.add_node(num_cpus=2, object_store_memory=MEMORY)
        console = Listening()
        first, second = work_while_a_node_dies(cluster, node, console)
        capture(CaptureJob(**CAPTURE), folder, crew=Crew(executor="ray", address=cluster.address))
    finally:
        cluster.shutdown()
    print(json.dumps({"first": first, "second": second, "heard": console.heard}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
