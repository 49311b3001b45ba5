"""A bridge between `umwelt` (`talk.task=alfworld`) and ALFWorld: one JSON object a line.

    pip install alfworld textworld ; alfworld-download
    train --configs ... --values talk.task=alfworld "talk.alfworld.bridge=python3 scripts/alfworld_bridge.py"

The games are those of $ALFWORLD_DATA (default ~/.cache/alfworld). Requests and answers:

    {"cmd": "reset", "split": "seen", "game": 0} -> {"obs", "won", "admissible", "type"}
    {"cmd": "step", "action": "go to desk 1"}    -> {"obs", "reward", "done", "won", "admissible"}
    {"cmd": "close"}

A request that cannot be answered gets {"error": "the reason"}. Everything that the packages print goes to
the error output, whose last lines `umwelt` quotes when a bridge fails.
"""

import json
import os
import sys
from pathlib import Path

SPLITS = {"seen": "valid_seen", "unseen": "valid_unseen", "training": "train"}
FAMILIES = {
    "pick_and_place_simple": "put",
    "look_at_obj_in_light": "look",
    "pick_clean_then_place_in_recep": "clean",
    "pick_heat_then_place_in_recep": "heat",
    "pick_cool_then_place_in_recep": "cool",
    "pick_two_obj_and_place": "puttwo",
}


def games(split):
    """The solvable games of a split in the order of their paths."""
    root = Path(os.environ.get("ALFWORLD_DATA", Path.home() / ".cache" / "alfworld"))
    folder = root / "json_2.1.1" / SPLITS[split]
    found = []
    for file in sorted(folder.rglob("game.tw-pddl")):
        if any(part in str(file) for part in ("movable", "Sliced")):
            continue
        if json.loads(file.read_text()).get("solvable"):
            found.append(file)
    if not found:
        raise FileNotFoundError(f"{folder} holds no game.tw-pddl; run alfworld-download, or set ALFWORLD_DATA")
    return found


class Player:
    """One game at a time."""

    def __init__(self):
        self.games = {}
        self.env = None

    def reset(self, split, game):
        import textworld
        import textworld.gym
        from alfworld.agents.environment.alfred_tw_env import AlfredDemangler

        if split not in SPLITS:
            raise ValueError(f"there is no split `{split}`; there are {', '.join(SPLITS)}")
        files = self.games.setdefault(split, None) or games(split)
        self.games[split] = files
        if not 0 <= game < len(files):
            raise IndexError(f"the split {split} has {len(files)} games, so there is no game {game}")
        self.close()
        infos = textworld.EnvInfos(won=True, admissible_commands=True)
        name = textworld.gym.register_games(
            [str(files[game])], infos, batch_size=1, asynchronous=False, max_episode_steps=1000,
            wrappers=[AlfredDemangler(shuffle=False)],
        )
        self.env = textworld.gym.make(name)
        obs, infos = self.env.reset()
        kind = files[game].parent.parent.name.split("-")[0]
        return {
            "obs": obs[0],
            "won": False,
            "admissible": infos["admissible_commands"][0],
            "type": FAMILIES.get(kind, kind),
        }

    def step(self, action):
        if self.env is None:
            raise RuntimeError("no game has begun; reset one first")
        obs, scores, dones, infos = self.env.step([action])
        return {
            "obs": obs[0],
            "reward": float(scores[0]),
            "done": bool(dones[0]),
            "won": bool(infos["won"][0]),
            "admissible": infos["admissible_commands"][0],
        }

    def close(self):
        if self.env is not None:
            self.env.close()
            self.env = None


def answer(player, request):
    if request.get("cmd") == "reset":
        return player.reset(request["split"], request["game"])
    if request.get("cmd") == "step":
        return player.step(request["action"])
    raise ValueError(f"unknown request {request}")


def main():
    # Only answers go to the standard output.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    player = Player()
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request.get("cmd") == "close":
                break
            reply = answer(player, request)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=answers, flush=True)
    player.close()


if __name__ == "__main__":
    main()
