"""Files of a run: written whole or not at all."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
import zlib
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import torch
from torch import Tensor

from .data import DataError


def write(path: Path, content: dict[str, Any]) -> None:
    # Into memory first: on a full disk PyTorch's own writer ends the whole process.
    whole = io.BytesIO()
    torch.save(content, whole)
    with _replaced(path, path.with_name(path.name + ".part")) as part:
        part.write_bytes(whole.getbuffer())


def write_scores(path: Path, scores: Tensor) -> None:
    with _replaced(path, path.with_name(path.name + ".part.npz")) as part:
        np.savez(part, scores=scores.numpy().astype(np.float16))


@contextmanager
def _replaced(path: Path, part: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place once it is whole and on the disk."""
    try:
        yield part
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any]:
    """Tensors and plain containers of a `.pth`, of this package or another. Nothing in the file is
    run: objects of all other classes come as empty ones."""
    if not path.is_file():
        raise DataError(f"{path} was not found")
    try:
        if zipfile.is_zipfile(path):
            content = _unpacked(path)
        else:
            content = _old(path)
    except _UNREADABLE as error:
        raise DataError(f"{path} is no checkpoint, or not whole: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds a {type(content).__name__}, not a state dict")
    return content


def _old(path: Path) -> Any:
    """Of PyTorch before 1.6."""
    try:
        return torch.load(path, "cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise ValueError(
            "of files from before PyTorch 1.6 only those with nothing but tensors are read"
        ) from error


def _unpacked(path: Path) -> Any:
    # PyTorch's own `weights_only` refuses published checkpoints for the meters in them, and 1.13
    # does not use the unpickler that it is given.
    with zipfile.ZipFile(path) as file:
        pickled = next(name for name in file.namelist() if name.endswith("/data.pkl"))
        return _Unpickler(file, pickled).load()


_UNREADABLE = (
    *(OSError, EOFError, LookupError, TypeError, ValueError, AttributeError, RuntimeError),
    *(StopIteration, pickle.UnpicklingError, zipfile.BadZipFile, zlib.error),
)


class _Nothing:
    """Stands for an object that is not needed, whatever it is made of."""

    def __new__(cls, *_: Any, **__: Any) -> _Nothing:
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __call__(self, *_: Any, **__: Any) -> _Nothing:
        return self

    def __setstate__(self, _: Any) -> None: ...

    def __setitem__(self, _: Any, __: Any) -> None: ...

    def append(self, _: Any) -> None: ...

    def extend(self, _: Any) -> None: ...


_TYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: zipfile.ZipFile, pickled: str) -> None:
        super().__init__(io.BytesIO(file.read(pickled)))
        self._file = file
        self._root = pickled[: -len("data.pkl")]
        self._storages: dict[str, Tensor] = {}

    def persistent_load(self, pid: tuple) -> Tensor:
        _, kind, key, _, _ = pid
        if key not in self._storages:
            data = bytearray(self._file.read(f"{self._root}data/{key}"))
            own = torch.frombuffer(data, dtype=kind) if data else torch.empty(0, dtype=kind)
            self._storages[key] = own
        return self._storages[key]

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        return _KNOWN.get((module, name), _Nothing)


def _tensor(storage: Tensor, offset: int, size: tuple, stride: tuple, *_: Any) -> Tensor:
    return storage.as_strided(size, stride, offset)


_KNOWN = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): torch.Size,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
}
