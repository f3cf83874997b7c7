"""Configs: frozen dataclasses, written to JSON and read back strictly, without magic."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from math import inf
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from reverie.core.errors import WrongInput, unknown

C = TypeVar("C")


@dataclass(frozen=True, kw_only=True)
class Config:
    """Base of all configs: finished at birth; the string under a field is its help and its docs."""

    def check_positive(self, *names: str) -> None:
        """Refuse values that are not above zero; WrongInput names the field."""
        for name in names:
            self._check(name, 0.0 < getattr(self, name) < inf, "positive")

    def check_not_negative(self, *names: str) -> None:
        """Refuse values below zero; WrongInput names the field."""
        for name in names:
            self._check(name, 0.0 <= getattr(self, name) < inf, "zero or positive")

    def _check(self, name: str, fine: bool, wanted: str) -> None:
        if not fine:
            word = type(self).__module__.rpartition(".")[2].replace("_", "-")
            raise WrongInput(f"{word} field {name!r} must be {wanted}, got {getattr(self, name)}")


def to_json(value: Any) -> Any:
    """A config, or anything that one holds, as plain JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(part) for part in value]
    if isinstance(value, Path):
        return value.as_posix()
    return value


def from_json(kind: type[C], values: Any, name: str) -> C:
    """Build the config `kind` from JSON values; `name` is what the user calls it ("conv-vae").

    Raises WrongInput for an unknown field, a missing field, or a value of another type.
    """
    if not isinstance(values, dict):
        raise WrongInput(f"{name} must be an object with named fields, got {type(values).__name__}")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # pyright: ignore[reportArgumentType]
    for word in values:
        if word not in known:
            raise unknown(f"{name} field", word, known)
    for word, field in known.items():
        if word not in values and field.default is MISSING and field.default_factory is MISSING:
            raise WrongInput(f"{name} needs the field {word!r}")
    parsed = {word: _parse(hints[word], value, f"{name} field {word!r}") for word, value in values.items()}
    return kind(**parsed)


def _parse(hint: Any, value: Any, name: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin is Literal:
        return _parse_choice(arguments, value, name)
    if origin in (Union, types.UnionType):
        return _parse_union(arguments, value, name)
    if origin is tuple:
        return _parse_tuple(arguments, value, name)
    if origin is list:
        return list(_parse_tuple((arguments[0], ...), value, name))
    if origin is dict:
        return _parse_dict(arguments[1], value, name)
    return _parse_config(hint, value, name) if is_dataclass(hint) else _parse_scalar(hint, value, name)


def _parse_config(hint: Any, value: Any, name: str) -> Any:
    return value if isinstance(value, hint) else from_json(hint, value, name)


def _parse_choice(choices: tuple[Any, ...], value: Any, name: str) -> Any:
    if value not in choices:
        raise WrongInput(f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}")
    return value


def _parse_dict(hint: Any, value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(name, "an object", value)
    return {str(key): _parse(hint, part, name) for key, part in value.items()}


def _parse_union(arguments: tuple[Any, ...], value: Any, name: str) -> Any:
    for hint in arguments:
        try:
            return _parse(hint, value, name)
        except WrongInput:
            continue
    raise _wrong_type(name, " or ".join(getattr(hint, "__name__", str(hint)) for hint in arguments), value)


def _parse_tuple(arguments: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong_type(name, "a list", value)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_parse(arguments[0], part, name) for part in value)
    if len(arguments) != len(value):
        raise WrongInput(f"{name} must have {len(arguments)} entries, got {len(value)}")
    return tuple(_parse(hint, part, name) for hint, part in zip(arguments, value, strict=True))


def _parse_scalar(hint: type, value: Any, name: str) -> Any:
    if hint is types.NoneType and value is None:
        return None
    if hint is Path and isinstance(value, str | Path):
        return Path(value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint in (int, str, bool) and type(value) is hint:
        return value
    raise _wrong_type(name, hint.__name__, value)


def _wrong_type(name: str, wanted: str, value: Any) -> WrongInput:
    return WrongInput(f"{name} must be {wanted}, got {value!r}")
