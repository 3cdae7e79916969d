"""The settings of a run beside their defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from osteocount.report.sentences import setting_text
from osteocount.settings import Settings, unit_of


@dataclass(frozen=True)
class SettingRow:
    """One setting as used; ``default`` is empty for a setting this version does not know."""

    group: str
    title: str
    key: str
    value: str
    default: str
    changed: bool
    help: str


def setting_rows(used: dict[str, Any]) -> list[SettingRow]:
    """List every recorded setting, in the order of the settings model, unknown ones last."""
    rows: list[SettingRow] = []
    for group, field in Settings.model_fields.items():
        recorded = used.get(group)
        if isinstance(recorded, dict) and isinstance(field.default, BaseModel):
            rows += _rows(recorded, field.default, field.title or group, group)
    unknown = {key: value for key, value in used.items() if key not in Settings.model_fields}
    return rows + [SettingRow("Other", key, key, setting_text(value), "", True, "") for key, value in unknown.items()]


def _rows(recorded: dict[str, Any], defaults: BaseModel, group: str, prefix: str) -> Iterator[SettingRow]:
    fields = type(defaults).model_fields
    for name, value in recorded.items():
        key = f"{prefix}.{name}"
        if name not in fields:
            yield SettingRow(group, name, key, setting_text(value), "", True, "Not a setting of this version.")
            continue
        default = defaults.model_dump(mode="json")[name]
        unit = f" {unit_of(fields[name])}" if unit_of(fields[name]) and value is not None else ""
        shown = setting_text(default)
        yield SettingRow(
            group, fields[name].title or name, key, setting_text(value) + unit, shown, value != default,
            fields[name].description or "",
        )  # fmt: skip
