"""The settings model as command line options: one source of names, ranges and help texts."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from osteocount.errors import OsteoCountError
from osteocount.settings import FrozenModel, Settings, describe_invalid, help_text

Command = Callable[..., None]


def with_options(take: Callable[..., Any], name: str) -> Callable[[Command], Command]:
    """Give a command the options that ``take`` has, where its parameter ``name`` stands; it receives what that returns.

    Its annotations, that of what it returns too, have to be there at run time: typer reads them.
    """
    options = inspect.signature(take, eval_str=True).parameters

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def wrapped(**arguments: Any) -> None:
            taken = take(**{option: arguments.pop(option) for option in options})
            command(**{name: taken}, **arguments)

        own = inspect.signature(command, eval_str=True).parameters.values()
        parameters = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for each in own
            for parameter in (options.values() if each.name == name else (each,))
        ]
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapped

    return decorate


def with_settings(*sections: str) -> Callable[[Command], Command]:
    """Give a command ``--settings FILE`` and an option for every setting of ``sections``.

    The command receives one ``settings`` argument: the file's values with the options on top.
    """
    names = {name: section for section in sections for name in _fields(section)}

    def take(settings_file: Path | None, **given: Any) -> Settings:
        settings = Settings() if settings_file is None else Settings.from_file(settings_file)
        return _override(settings, given, names)

    options = [_settings_file(), *(_option(section, name) for name, section in names.items())]
    take.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return with_options(take, "settings")


def _fields(section: str) -> dict[str, FieldInfo]:
    model = Settings.model_fields[section].annotation
    assert isinstance(model, type) and issubclass(model, FrozenModel)  # noqa: S101 - the model's own shape
    return model.model_fields


def _settings_file() -> inspect.Parameter:
    option = typer.Option("--settings", metavar="FILE", help="A settings file; `osteocount settings` prints one.")
    return inspect.Parameter(
        "settings_file", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Path | None, option]
    )


def _option(section: str, name: str) -> inspect.Parameter:
    """Every option is optional and unset by default, so that what is not given keeps the file's value."""
    info = _fields(section)[name]
    shown = "none" if info.default is None else info.get_default(call_default_factory=True)
    option = typer.Option(
        "--" + name.replace("_", "-"),
        help=f"{help_text(info)} [default: {shown}]",
        show_default=False,
        rich_help_panel=Settings.model_fields[section].title or section,
    )
    kind: Any = list[str] if isinstance(shown, (list, tuple)) else str
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )


def _override(settings: Settings, given: dict[str, Any], names: dict[str, str]) -> Settings:
    changed: dict[str, dict[str, Any]] = settings.model_dump()
    for name, value in given.items():
        if value is not None and value != []:
            changed[names[name]][name] = value
    try:
        return Settings.model_validate(changed)
    except ValidationError as error:
        raise OsteoCountError(describe_invalid(error)) from error
