"""`python3 -m moodline_training`: train, evaluate, scores, pictures."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, fields, replace
from pathlib import Path

import torch
from torch.nn import functional as F

from . import checkpoint, data, degrade, export, metrics, start
from .augment import AUGMENTATIONS
from .data import DataError, Faces
from .device import Device, choose
from .learner import Learner
from .networks import ARCHITECTURES, Architecture
from .networks.poster_v2 import PosterV2
from .objectives import Teacher, logits_of, objective
from .recipes import RECIPES, Recipe
from .train import Teaching, Training

# Recipe fields with an option of their own name; others are set by taking another recipe.
_TUNED = (
    "epochs",
    "minutes",
    "epoch_pictures",
    "batch_size",
    "lr",
    "balance",
    "mixup",
    "patience",
    "blind_epochs",
    "teacher_share",
)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except DataError as error:
        print(f"moodline_training: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("moodline_training: interrupted; --resume goes on with a run", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="moodline_training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _train_options(commands.add_parser("train", help="train a network"))
    _evaluate_options(commands.add_parser("evaluate", help="measure a checkpoint"))
    _scores_options(commands.add_parser("scores", help="write a teacher's scores"))
    _pictures_options(commands.add_parser("pictures", help="write pictures as PNG files"))
    return parser


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="folders of class folders, RAF-DB's folder, lists of path<TAB>label, .csv, FER+ .npz",
    )
    parser.add_argument("--labels", help="the data set whose numbers the labels are, or words")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    parser.add_argument("--precision", default="auto", choices=("auto", "bfloat16", "float32"))
    parser.add_argument("--threads", type=int, help="of the processor")


def _train_options(parser: argparse.ArgumentParser) -> None:
    _shared(parser)
    parser.add_argument("--network", required=True, choices=sorted(ARCHITECTURES))
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--validate", type=Path, nargs="+", help="default: the data's own part, or a tenth"
    )
    parser.add_argument("--recipe", choices=sorted(RECIPES), help="default: the network's")
    parser.add_argument(
        "--init", type=Path, help="checkpoint whose fitting weights to start from, or a bundle"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last epoch saved, if any"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teacher", type=Path, help="scores of the pictures to learn from")
    parser.add_argument(
        "--distill", type=Path, help="checkpoint of a teacher, asked about each picture shown"
    )
    parser.add_argument("--teach", type=Path, help="write such scores after each epoch")
    types = {field.name: {"int": int, "float": float}.get(field.type) for field in fields(Recipe)}
    for name in _TUNED:
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=types[name], help="default: the recipe's")
    parser.set_defaults(run=_train)


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    _shared(parser)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--degraded", action="store_true", help="on degraded copies too")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.set_defaults(run=_evaluate)


def _scores_options(parser: argparse.ArgumentParser) -> None:
    _shared(parser)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help=".npz to write")
    parser.set_defaults(run=_scores)


def _pictures_options(parser: argparse.ArgumentParser) -> None:
    _shared(parser)
    parser.add_argument("--network", default="lite", choices=sorted(ARCHITECTURES), help="its size")
    parser.add_argument("--part", default="validation", choices=("train", "validation"))
    parser.add_argument("--degraded", action="store_true", help="degraded copies too")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, empty or new")
    parser.set_defaults(run=_pictures)


def _train(options: argparse.Namespace) -> int:
    device = _device(options)
    architecture = ARCHITECTURES[options.network]
    recipe = _recipe(options)
    if (options.out / "last.pth").exists() and not options.resume:
        raise DataError(f"{options.out} holds a run: add --resume, or give another folder")
    train, validation = _parts(options, architecture)
    torch.manual_seed(options.seed)
    network = architecture.build(len(train.labels))
    augmentation = AUGMENTATIONS[recipe.augmentation]()
    if recipe.guides:
        if not isinstance(network, PosterV2):
            raise DataError(f"the recipe is for poster-v2, not for {options.network}")
        network.guide(train.shares(recipe.balance))
    goal = objective(architecture, augmentation, recipe.mixup, None, recipe.guides)
    if options.init:
        start.weights(network, architecture.head, options.init, goal, train)
    if options.distill:
        teacher = _teacher(options, recipe, train, device)
        goal = objective(architecture, augmentation, recipe.mixup, teacher, recipe.guides)
    learner = Learner(network, goal, recipe, device)
    facts = {
        "network": options.network,
        "labels": list(train.labels),
        "recipe": asdict(recipe),
        "seed": options.seed,
    }
    teaching = Teaching(options.teacher, options.teach)
    run = Training(
        learner, goal, recipe, device, train, validation, options.out, facts, teaching
    )
    if options.resume:
        run.resume()
    print(f"on {device}", flush=True)
    run.run()
    _next_steps(options, train)
    return 0


def _device(options: argparse.Namespace) -> Device:
    if options.threads:
        torch.set_num_threads(options.threads)
    return choose(options.device, options.precision)


def _recipe(options: argparse.Namespace) -> Recipe:
    recipe = RECIPES[options.recipe or options.network]
    given = {name: getattr(options, name) for name in _TUNED}
    return replace(recipe, **{name: value for name, value in given.items() if value is not None})


def _parts(options: argparse.Namespace, architecture: Architecture) -> tuple[Faces, Faces]:
    """Training and validation pictures that share none."""
    train = data.load(
        options.data, architecture.side, architecture.channels, "train", options.labels
    )
    held = options.validate or [path for path in options.data if _holds_validation(path)]
    if held:
        known = options.labels or ",".join(train.labels)
        validation = data.load(
            held, architecture.side, architecture.channels, "validation", known
        )
        before = len(train)
        train = train.without(validation)
        print(f"{before - len(train)} training pictures are in validation too: left out")
    else:
        train, validation = train.split()
        print("the data have no part to validate on: a tenth is held out for that")
    if train.labels != validation.labels:
        raise DataError(f"training has {train.labels}, validation {validation.labels}")
    if architecture.masked:
        train, validation = _marked(train), _marked(validation)
    if len(train) == 0 or not (validation.majority >= 0).any():
        raise DataError(
            f"{len(train)} pictures to train on and {len(validation)} to validate on are too few"
        )
    print(f"{len(train)} pictures to train on, {len(validation)} to validate on, {train.labels}")
    return train, validation


def _marked(faces: Faces) -> Faces:
    """Those that have landmarks, without which OAENet sees nothing."""
    marked = faces.marked()
    if len(marked) == 0:
        raise DataError(
            "oaenet needs landmarks: NAME_landmarks.txt beside each picture, the CSV column "
            "facial_landmarks, or the array landmarks of an .npz; 'moodline model landmarks' makes "
            "the five of a detector"
        )
    if len(marked) < len(faces):
        print(f"{len(faces) - len(marked)} of {len(faces)} pictures have no landmarks: left out")
    return marked


def _holds_validation(path: Path) -> bool:
    names = ("valid", "val", "validation", "test", "EmoLabel")
    return any((path / name).is_dir() for name in names)


def _next_steps(options: argparse.Namespace, faces: Faces) -> None:
    best = (options.out / "best.pth").resolve()
    five = ARCHITECTURES[options.network].masked and faces.landmarks.shape[1] == 5
    architecture = options.network + ("-five-point" if five else "")
    print(
        f"Next, where moodline lies: ./moodline model import --arch {architecture} --labels {','.join(faces.labels)}"
        f" --name NAME {best}"
    )


def _teacher(options: argparse.Namespace, recipe: Recipe, train: Faces, device: Device) -> Teacher:
    content, architecture, network = _network(options.distill)
    if tuple(content["labels"]) != train.labels:
        known = content["labels"]
        raise DataError(f"{options.distill} has labels {known}, the data {train.labels}")
    student = ARCHITECTURES[options.network]
    if architecture.masked or student.masked or architecture.channels < student.channels:
        raise DataError(
            f"{content['network']} cannot teach {options.network}: neither may have a mask, and a "
            "network of colours learns from one of colours"
        )
    return Teacher(network, architecture, recipe.teacher_share, device)


def _network(path: Path) -> tuple[dict, Architecture, torch.nn.Module]:
    """What a checkpoint says, its architecture, and the network with its weights."""
    content = checkpoint.read(path)
    if not {"network", "labels", "state_dict"} <= content.keys():
        raise DataError(f"{path} is no best.pth of a run of this package")
    architecture = ARCHITECTURES[content["network"]]
    network = architecture.build(len(content["labels"])).eval()
    network.load_state_dict(content["state_dict"])
    return content, architecture, network


def _opened(options: argparse.Namespace, part: str):
    """A checkpoint's network, its objective without augmentation, and the pictures."""
    content, architecture, network = _network(options.checkpoint)
    device = _device(options)
    network = network.to(device.torch, memory_format=torch.channels_last)
    labels = options.labels or ",".join(content["labels"])
    faces = data.load(options.data, architecture.side, architecture.channels, part, labels)
    if architecture.masked:
        faces = _marked(faces)
    return network, objective(architecture, lambda x: x, 0), faces, device


def _evaluate(options: argparse.Namespace) -> int:
    network, goal, faces, device = _opened(options, "validation")
    logits = logits_of(network, goal, faces, device)
    temperature = metrics.fit_temperature(logits, faces.majority)
    figures = {"temperature": temperature}
    print(f"{len(faces)} pictures, at temperature {temperature}, fitted on these; on {device}")
    for name in degrade.COPIES if options.degraded else ("clean",):
        copy = replace(faces, images=degrade.COPIES[name](faces.images.float()))
        began = time.monotonic()
        logits = logits_of(network, goal, copy, device)
        seconds = time.monotonic() - began
        measured = metrics.measure(logits, faces.majority, faces.labels, temperature)
        measured["images_per_second"] = len(faces) / seconds
        figures[name] = measured
        print(_line(name, measured))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def _line(name: str, measured: dict) -> str:
    recall = " ".join(f"{label} {value:.2f}" for label, value in measured["recall"].items())
    figures = ("accuracy", "balanced_accuracy", "calibration_error")
    sums = " ".join(f"{figure.replace('_', ' ')} {measured[figure]:.4f}" for figure in figures)
    return f"{name:10} {sums} images/s {measured['images_per_second']:.0f} recall {recall}"


def _scores(options: argparse.Namespace) -> int:
    network, goal, faces, device = _opened(options, "train")
    checkpoint.write_scores(options.out, F.softmax(logits_of(network, goal, faces, device), 1))
    return 0


def _pictures(options: argparse.Namespace) -> int:
    architecture = ARCHITECTURES[options.network]
    faces = data.load(
        options.data, architecture.side, architecture.channels, options.part, options.labels
    )
    count = export.write(faces, options.out, options.degraded)
    print(f"{count} pictures with a majority, in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
