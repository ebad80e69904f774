"""Write JSON values as Java does: the engine turns values into Strings with `toString`."""

from __future__ import annotations

import math
from decimal import Decimal


def java_text(value: object) -> str:
    """Write a JSON value as Java's `toString` does."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return java_double(value)
        case list():
            return f"[{', '.join(map(java_text, value))}]"
        case dict():
            return "{" + ", ".join(f"{key}={java_text(one)}" for key, one in value.items()) + "}"
    return str(value)


def java_double(value: float) -> str:
    """Write a number as Java's `Double.toString` does."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    # Like Java 19 and newer, write the shortest digits that identify the number, but at least two.
    shortest = f"{Decimal(repr(value)).normalize():e}"
    digits, exponent = (shortest if "." in shortest else f"{value:.1e}").split("e")
    return f"{digits}E{int(exponent)}"
