"""The training loop: a learner and pictures in, checkpoints out."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from . import checkpoint, metrics
from .blindness import Blindness
from .data import DataError, Faces
from .device import Device
from .learner import Learner, Rate
from .objectives import Objective, logits_of
from .recipes import Recipe

_REPORT_SECONDS = 20
# Of training that an interruption costs at most, once an epoch takes less.
_LAST_SECONDS = 60


@dataclass(frozen=True)
class Teaching:
    """Files of scores [n, labels] for the training pictures, in their order, read again before each
    epoch and written after it: of a finished teacher, or of two runs that teach each other."""

    learn_from: Path | None = None
    write_to: Path | None = None


class Training:
    """One run in one folder: `log.jsonl` (a line an epoch), `best.pth` (what to import) and
    `last.pth` (what `resume` goes on from). Confined to one thread."""

    def __init__(
        self,
        learner: Learner,
        objective: Objective,
        recipe: Recipe,
        device: Device,
        train: Faces,
        validation: Faces,
        out: Path,
        facts: dict[str, Any],
        teaching: Teaching = Teaching(),
    ) -> None:
        self._learner = learner
        self._objective = objective
        self._recipe = recipe
        self._device = device
        self._train, self._validation = train.to(device.torch), validation.to(device.torch)
        self._out = out
        self._facts = facts
        self._teaching = teaching
        self._rate = Rate(recipe)
        self._draw = train.draw(recipe.balance)
        self._pictures = recipe.epoch_pictures or len(train)
        self._steps = math.ceil(self._pictures / recipe.batch_size)
        self._epoch = 0
        self._best, self._best_epoch = -1.0, 0
        self._blindness = Blindness(validation, recipe.blind_epochs)
        self._clock = Clock()
        self._saved, self._saved_epoch = 0.0, 0
        self._speed: dict[str, float] = {}
        out.mkdir(parents=True, exist_ok=True)

    def run(self) -> None:
        self._trim_log()
        while self._progress() < 1 and self._epoch - self._best_epoch < self._recipe.patience:
            # Each epoch has its own draw, the same after a resume.
            torch.manual_seed(1000 * self._facts["seed"] + self._epoch)
            loss = self._learn()
            if not math.isfinite(loss):
                raise DataError(f"the loss of epoch {self._epoch + 1} is {loss}: lower --lr")
            self._epoch += 1
            self._validate(loss)
            if self._blindness.gives_up(self._steps):
                break
        if self._saved_epoch < self._epoch:
            self._write_last()
        self._blindness.check(self._steps)
        if self._progress() < 1:
            self._say(f"no better than in epoch {self._best_epoch}, so it ends here (--patience)")

    def resume(self) -> None:
        """Goes on from `last.pth`; a run that ended before there was one begins anew."""
        if not (self._out / "last.pth").exists():
            print(f"{self._out} has no last.pth yet, so the run begins anew")
            return
        state = checkpoint.read(self._out / "last.pth")
        self._check(state)
        try:
            self._learner.load_state_dict(state["learner"])
        except (RuntimeError, ValueError, LookupError, TypeError) as error:
            raise DataError(f"the run in {self._out} has another recipe: {error}") from error
        self._rate.load_state_dict(state["rate"])
        self._epoch, self._best = state["epoch"], state["best"]
        self._saved_epoch, self._blindness.epochs = self._epoch, state.get("blind", 0)
        self._best_epoch, self._clock = state["best_epoch"], Clock(state["seconds"])
        self._saved = state["seconds"]
        print(f"goes on after epoch {self._epoch}")

    def _check(self, state: dict[str, Any]) -> None:
        """That a saved run is of the same network, and what was said otherwise this time."""
        for fact in ("network", "labels"):
            if state.get(fact) != self._facts[fact]:
                raise DataError(
                    f"the run in {self._out} has {fact} {state.get(fact)}, not {self._facts[fact]}"
                )
        was, now = _recipe(state), _recipe(self._facts)
        changed = [name for name in now if was.get(name, now[name]) != now[name]]
        words = ", ".join(f"{name} {now[name]} (was {was[name]})" for name in changed)
        if "optimizer" in changed:
            raise DataError(f"the run in {self._out} has another recipe: {words}")
        if changed:
            print(f"not as in the run so far: {words}")

    def _progress(self, step: int = 0) -> float:
        """How much of the run is done, 0 to 1: of its minutes where those are limited."""
        if self._recipe.minutes:
            return self._clock.seconds() / (60 * self._recipe.minutes)
        return (self._epoch + step / self._steps) / self._recipe.epochs

    def _learn(self) -> float:
        """One epoch, or what of it fits into the run's minutes; gives the mean loss."""
        began, seen = self._clock.seconds(), 0
        train = replace(self._train, targets=self._targets())
        rows = torch.multinomial(self._draw, self._pictures, replacement=True)
        total, reported = torch.zeros((), device=self._device.torch), time.monotonic()
        for step, batch in enumerate(rows.split(self._recipe.batch_size)):
            progress = self._progress(step)
            if step > 0 and progress >= 1:
                break
            seen = step + 1
            rate = self._rate.at(self._epoch + step / self._steps, progress)
            total += self._learner.step(train.at(batch.to(self._device.torch)), rate, progress)
            if time.monotonic() - reported > _REPORT_SECONDS:
                reported = time.monotonic()
                mean = total.item() / (step + 1)
                self._say(f"step {step + 1}/{self._steps} loss {mean:.4f}", step + 1)
        loss = total.item() / seen
        pictures = min(seen * self._recipe.batch_size, self._pictures)
        self._speed["train"] = pictures / (self._clock.seconds() - began)
        return loss

    def _targets(self) -> Tensor:
        """The votes, and more and more of the teacher's scores until half of the run is done."""
        votes, path = self._train.targets, self._teaching.learn_from
        if path is None or not path.exists():
            return votes
        with np.load(path, allow_pickle=False) as file:
            scores = torch.from_numpy(file["scores"]).float().to(votes.device)
        share = self._recipe.teacher_share * min(1.0, 2 * self._progress())
        return (1 - share) * votes + share * scores

    def _validate(self, loss: float) -> None:
        faces, network = self._validation, self._learner.result
        began = self._clock.seconds()
        logits = logits_of(network, self._objective, faces, self._device)
        self._speed["validation"] = len(faces) / (self._clock.seconds() - began)
        self._rate.validated(F.cross_entropy(logits, faces.targets.cpu()).item())
        measured = metrics.measure(logits, faces.majority.cpu(), faces.labels)
        self._blindness.validated(measured)
        if measured["accuracy"] > self._best:
            self._best, self._best_epoch = measured["accuracy"], self._epoch
            self._write_best(measured)
        if self._clock.seconds() - self._saved > _LAST_SECONDS:
            self._write_last()
        self._log(loss, measured)
        if self._teaching.write_to is not None:
            self._teach(self._teaching.write_to)

    def _log(self, loss: float, measured: dict) -> None:
        seconds = round(self._clock.seconds())
        speed = {part: round(rate, 1) for part, rate in self._speed.items()}
        line = {
            "epoch": self._epoch,
            "seconds": seconds,
            "images_per_second": speed,
            "loss": loss,
            **measured,
        }
        with open(self._out / "log.jsonl", "a") as log:
            log.write(json.dumps(line) + "\n")
        self._say(
            f"loss {loss:.4f} accuracy {measured['accuracy']:.4f}"
            f" balanced {measured['balanced_accuracy']:.4f} best {self._best:.4f}"
            f" images/s {speed['train']} trained, {speed['validation']} validated"
        )

    def _trim_log(self) -> None:
        """Drops what an interrupted run wrote of epochs that are done again."""
        log = self._out / "log.jsonl"
        lines = log.read_text().splitlines() if log.exists() else []
        # An epoch is a line, but for one that broke off.
        kept = [line + "\n" for line in lines[: self._epoch] if line.endswith("}")]
        if len(kept) < len(lines):
            log.write_text("".join(kept))

    def _say(self, text: str, step: int = 0) -> None:
        done = min(1.0, self._progress(step))
        left = self._clock.seconds() * (1 - done) / max(done, 1e-6) / 60
        share = f"{100 * done:.1f} % done, {left:.0f} min left"
        print(f"epoch {self._epoch} {text}, {share}", flush=True)

    def _write_best(self, measured: dict) -> None:
        weights = self._learner.result.state_dict()
        # Guides are of the training alone.
        state = {k: v.cpu().contiguous() for k, v in weights.items() if not k.startswith("guides.")}
        content = {"state_dict": state, "metrics": measured, "epoch": self._epoch, **self._facts}
        checkpoint.write(self._out / "best.pth", content)

    def _write_last(self) -> None:
        self._saved, self._saved_epoch = self._clock.seconds(), self._epoch
        content = {
            "learner": self._learner.state_dict(),
            "rate": self._rate.state_dict(),
            "epoch": self._epoch,
            "best": self._best,
            "best_epoch": self._best_epoch,
            "blind": self._blindness.epochs,
            "seconds": self._clock.seconds(),
            **self._facts,
        }
        checkpoint.write(self._out / "last.pth", content)

    def _teach(self, path: Path) -> None:
        faces, network = self._train, self._learner.result
        logits = logits_of(network, self._objective, faces, self._device)
        checkpoint.write_scores(path, F.softmax(logits, 1))


def _recipe(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts.get("recipe", {}), "seed": facts.get("seed")}


class Clock:
    """Seconds of training, over interruptions."""

    def __init__(self, before: float = 0) -> None:
        self._before = before
        self._since = time.monotonic()

    def seconds(self) -> float:
        return self._before + time.monotonic() - self._since
